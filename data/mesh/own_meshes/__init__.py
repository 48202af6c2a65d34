"""Runs whose meshes differ: their coordinates as a field of their own, on nodes that all runs share."""
