"""Study files, the Prefect pipeline, tracking in MLflow and the command line."""

from fieldwright.data.environment import set_offline_defaults

# Prefect and MLflow read their settings when they are imported.
set_offline_defaults()
