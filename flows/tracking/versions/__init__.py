"""Versions of the registered model: the rule of promotion, the decision on each, and their history."""
