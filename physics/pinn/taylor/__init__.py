"""Values and derivatives of a network at fixed points, as Taylor series that pass its layers together."""
