"""Steps that an interrupted pipeline has finished, taken by the run that goes on from there."""
