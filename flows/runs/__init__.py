"""The pipeline of a study of runs, step by step."""
