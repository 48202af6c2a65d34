"""Encoders with weights from elsewhere: of the user's own file, or the one that comes along."""
