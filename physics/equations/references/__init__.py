"""Numerical solutions, accurate enough to evaluate networks by."""
