"""Cross-validation, calibration of bands, metrics, and the test set."""
