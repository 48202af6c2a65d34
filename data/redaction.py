"""Addresses without their passwords, for messages and logs."""

from __future__ import annotations

import re


def without_password(text: str) -> str:
    """The text with `user:password@` left out of every address in it."""
    return re.sub(r"//[^/@\s]*@", "//", text)
