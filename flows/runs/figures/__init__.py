"""The pictures of a study of runs."""
