"""How long and by which method a study looks for its best candidate."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class SearchSettings(BaseModel):
    """How `candidates = "auto"` looks for the best model.

    kinds: the kinds to try; all that suit the study if left out. method: how settings are drawn once every kind has
        been tried with its defaults: `tpe`, `cmaes` within the best kind, `random`, or `grid`. trials: how many in
        all. seconds: time budget of a whole study; what is unfinished then is left, the best so far counts.
        prune: give up a trial once the runs judged so far say that it is worse than the best. stack: try the best
        trial of each kind together. repeats: how often the choice and the second best are trained again on other
        folds, to tell what the choice is worth; 0 does not ask. folds: of the search within each fold of the
        validation. workers: processes that judge trials in parallel; 0 judges in this one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kinds: tuple[str, ...] | None = None
    method: Literal["tpe", "cmaes", "random", "grid"] = "tpe"
    trials: int = Field(default=24, ge=1)
    seconds: float = Field(default=900.0, gt=0.0)
    prune: bool = True
    stack: bool = True
    repeats: int = Field(default=3, ge=0)
    folds: int = Field(default=4, ge=2)
    workers: int = Field(default=0, ge=0)
