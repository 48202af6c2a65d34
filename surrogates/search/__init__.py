"""Search for the best candidate: trials of kinds and settings, evaluated by cross-validation."""
