"""The key 'outside' of a request: whether queries outside the domain are answered or refused."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from fieldwright.serving.phrases import listed
from fieldwright.serving.schemas.reading import Says

REFUSE, ANSWER = "refuse", "answer"
Outside = Annotated[
    Literal["refuse", "answer"],
    Says(f"'outside' must be among {listed((REFUSE, ANSWER))}"),
    Field(description="Whether what lies outside the domain is refused, or answered and marked as outside."),
]
