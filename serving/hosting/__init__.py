"""Processes of the endpoint: the supervisor, BentoML's server, the registry that they follow."""
