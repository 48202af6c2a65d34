"""The best candidate of a study by itself: trials of kinds and settings, judged by runs left out of the training."""
