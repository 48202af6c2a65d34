"""Solutions of equations over HTTP: points and parameters in, values and derivatives out."""
