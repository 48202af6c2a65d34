"""The models: reductions, regressors, calibration and the Surrogate that joins them."""
