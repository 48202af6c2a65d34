"""Flows that repeat: their period, one period of each run, and the same phase in all runs; and means over time."""
