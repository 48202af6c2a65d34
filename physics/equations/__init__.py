"""Differential equations as problems: domain, residual, conditions, coefficients, measurements."""
