"""MLflow: runs, registered models, promotion, and the model that MLflow's own tools load."""
