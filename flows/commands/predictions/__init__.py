"""Queries to a registered version from the terminal, and what is printed and written of its answers."""
