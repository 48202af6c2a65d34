"""The table `[drift]` of a study of runs."""

from __future__ import annotations

from pydantic import Field, field_validator

from fieldwright.flows.study.schedule_section import valid_cron
from fieldwright.flows.study.section import Section


class Drift(Section):
    """When the queries or the real errors of the champion no longer fit what it was trained on."""

    cron: str = Field(
        "",
        description="When a registered study is checked by itself, as in `[schedule]` and in its time zone; by hand "
        "alone if left out.",
    )
    days: float = Field(30.0, gt=0, description="How far back the log of predictions is looked at.")
    max_outside: float = Field(
        0.05, ge=0, lt=1, description="Largest share of queries outside the domain that is no drift."
    )
    max_widening: float = Field(
        1.5, ge=1, description="Largest growth of the median width of a quantity's bands that is no drift."
    )
    shift: bool = Field(
        True,
        description="Whether queries that are distributed otherwise than the training runs are drift, even within "
        "the domain.",
    )
    alarm: float = Field(
        0.01,
        gt=0,
        lt=0.5,
        description="Probability of a false alarm of one check, of all its tests together.",
    )
    runs: int = Field(
        8, ge=0, description="Runs that a check with drift suggests in the region that is asked; 0 for none."
    )
    retrain: bool = Field(False, description="Whether a check with drift runs the pipeline.")

    @field_validator("cron")
    @classmethod
    def _fires(cls, cron: str) -> str:
        return valid_cron(cron, "drift.cron") if cron else cron
