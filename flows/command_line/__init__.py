"""What a user types: one function for each command, its options and its help."""
