"""Cracks in photos of surfaces: is there one, where, how wide, and why the network says so."""
