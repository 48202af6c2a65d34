"""What answers are written as: tables as CSV, fields on meshes as VTU."""
