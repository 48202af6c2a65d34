"""Optimisers that physics-informed training needs beyond those of torch."""
