"""The BentoML endpoint that answers from the registered champion."""

from fieldwright.data.environment import set_offline_defaults

# BentoML and MLflow read their settings when they are imported.
set_offline_defaults()
