"""Transient runs that are reduced time by time, and rolled out or predicted with the time as a parameter."""
