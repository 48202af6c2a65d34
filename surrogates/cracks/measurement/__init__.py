"""Length, width and orientation of cracks from their mask."""
