"""Fields of runs over HTTP: parameters in, fields and quantities with bands out."""
