"""The surrogate of runs: parameters in, fields and quantities with calibrated bands out."""
