"""Runs whose shape varies: fields on a regular grid from the signed distance to the body."""
