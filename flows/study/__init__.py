"""The study file: its tables, how it is read, and its errors."""
