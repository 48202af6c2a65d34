"""A prediction as its readers take it: columns of a table, fields on meshes, a figure."""
