"""Fields round shapes over HTTP: an outline or a distance in, fields with bands out."""
