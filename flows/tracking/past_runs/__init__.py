"""Runs of earlier pipelines in MLflow: continued where they were interrupted, removed where nothing needs them."""
