"""The forms in which answers can be had, each with its writer, and the choice among them by `Accept`."""
