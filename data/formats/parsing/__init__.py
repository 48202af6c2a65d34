"""What the file formats are made of: containers, numbers, cell types and logs, one thing each."""
