"""Numerical solutions, accurate enough to judge networks by."""
