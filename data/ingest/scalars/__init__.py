"""Scalars of a run, such as a force or a coefficient, from what its solver wrote beside the fields."""
