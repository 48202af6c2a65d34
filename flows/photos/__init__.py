"""The pipeline of a study of photos, step by step."""
