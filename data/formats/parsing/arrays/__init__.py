"""Parsers of files that hold bare arrays: NetCDF, HDF5, MATLAB, NumPy."""
