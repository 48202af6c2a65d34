"""Study files, the Prefect pipeline, tracking in MLflow and the command line."""
