"""From a folder of finished runs to the store: found, read, checked, brought to one time base and mesh."""
