"""Requests and answers as pydantic models: one source for reading a request, refusing it and describing it."""
