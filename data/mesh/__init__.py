"""Meshes: cells, measures, comparison and mapping."""
