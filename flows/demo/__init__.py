"""The demonstration: a heated plate from solver runs to a live endpoint."""
