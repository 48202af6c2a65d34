"""What a surrogate is trained on: the checks of the runs, and what is kept of them beside the model."""
