"""The C code of an FMU that is the same for every model: FMI 2.0 and 3.0 around one function."""
