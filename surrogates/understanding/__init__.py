"""How outputs go with parameters: gradients, response curves, and each parameter's share of the variance."""
