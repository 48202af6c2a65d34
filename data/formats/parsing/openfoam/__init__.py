"""Parsers of OpenFOAM cases."""
