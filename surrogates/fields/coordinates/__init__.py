"""Fields of training runs as coordinates in the space that the runs span, and the way back to their points."""
