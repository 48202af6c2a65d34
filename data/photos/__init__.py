"""Photos of surfaces with their labels: reading, checking, near-duplicates and splits."""
