"""Exact Gaussian process regression: kernel, posterior, and two engines that find the hyperparameters."""
