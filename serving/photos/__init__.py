"""Endpoints for photos: a crack classifier or segmenter answers /classify, /segment and /explain."""
