"""`fieldwright inspect-cracks`: from a folder of photos to the protocol of an inspection."""
