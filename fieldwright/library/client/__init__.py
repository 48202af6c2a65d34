"""The client of an endpoint: questions over HTTP, answers as tables and fields."""
