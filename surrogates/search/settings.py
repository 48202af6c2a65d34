"""How long and by which method a study searches for its best candidate."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class SearchSettings(BaseModel):
    """How `candidates = "auto"` searches for the best model.

    kinds: the kinds to try; all that suit the study if left out. method: how settings are drawn once every kind has
        been tried with its defaults: `tpe`, `cmaes` within the best kind, `random`, or `grid`. trials: how many in
        all. seconds: time budget of a whole study; trials unfinished by then are dropped, and the best so far counts,
        but the defaults of cheap kinds are always evaluated. prune: give up a trial once the runs evaluated so far
        show that it is worse than the best, the worse half of those drawn together after the first folds, and kinds
        whose defaults are far behind. stack: try the best trial of each kind together. repeats: how often the best
        and the second best are trained again on other folds, to measure the gain of the best; 0 does not. folds: of
        the search within each fold of the validation.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kinds: tuple[str, ...] | None = None
    method: Literal["tpe", "cmaes", "random", "grid"] = "tpe"
    trials: int = Field(default=40, ge=1)
    seconds: float = Field(default=900.0, gt=0.0)
    prune: bool = True
    stack: bool = True
    repeats: int = Field(default=3, ge=0)
    folds: int = Field(default=4, ge=2)
