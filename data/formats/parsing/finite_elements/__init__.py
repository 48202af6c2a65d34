"""Parsers of the files of finite-element programs: CalculiX, Gmsh, MED, Exodus."""
