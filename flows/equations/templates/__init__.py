"""Small equations of each kind, to be copied beside a study and changed into one's own."""
