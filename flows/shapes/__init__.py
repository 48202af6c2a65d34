"""The pipeline's steps for runs whose shape varies."""
