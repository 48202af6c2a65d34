"""Transient runs that are not learned as one object: reduced time by time, rolled out or asked by time."""
