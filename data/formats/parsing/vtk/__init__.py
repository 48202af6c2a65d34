"""Parsers of VTK's and XDMF's files."""
