"""The pipeline of a study of an equation, step by step."""
