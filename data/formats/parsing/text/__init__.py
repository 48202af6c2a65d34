"""Numbers and tables in text."""
