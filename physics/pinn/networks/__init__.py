"""Parts of networks for physics-informed training, as functions of inputs and weights."""
