"""Transforms of parameters and fields that make them simpler to learn."""
