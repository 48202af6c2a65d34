"""The run store: accepted runs in Zarr groups, a catalogue beside them, frozen snapshot matrices."""
