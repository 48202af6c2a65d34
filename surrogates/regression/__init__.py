"""Linear models in chosen terms: polynomials, matching pursuit, sparse Bayes, radial basis functions."""
