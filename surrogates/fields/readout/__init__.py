"""How quantities of a field are read off its modes: their places and weights, their values, stds and bands."""
