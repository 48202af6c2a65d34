"""A table of the study file."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A table of the study file; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)
