"""Checks of an equation before it is trained; each failure is one sentence."""
