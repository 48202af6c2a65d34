"""The tables of a study file that say what happens without anybody at hand: `[watch]`, `[notify]`, `[retention]`."""

from __future__ import annotations

import os
from typing import Literal

from pydantic import Field, field_validator

from fieldwright.data.ingest.solver_log import LOG_ENDED
from fieldwright.flows.study.section import Section

WEBHOOK_VARIABLE = "FIELDWRIGHT_WEBHOOK"
Event = Literal["failed", "promoted", "rejected_runs", "drift"]


class NotifySection(Section):
    """To whom messages go on what has happened."""

    webhook: str | None = Field(
        None,
        repr=False,
        description="Address that each event is sent to as JSON by POST. `$NAME` takes it from that environment "
        f"variable, for an address that holds a secret; ${WEBHOOK_VARIABLE} if left out, and nobody without both.",
    )
    on: tuple[Event, ...] = Field(
        ("failed", "promoted"),
        description="The events: a pipeline that failed or was killed, a new champion, runs or photos newly "
        "rejected, queries that drift away from the training runs.",
    )
    link: str = Field(
        "http://127.0.0.1:5000",
        description="Address of the MLflow UI, to which the links in messages lead; an MLflow server named in "
        "`[tracking]` takes its place.",
    )

    @field_validator("webhook")
    @classmethod
    def _an_address(cls, value: str | None) -> str | None:
        # The value may hold a secret: no message repeats it.
        if value is not None and not value.startswith(("http://", "https://", "$")):
            raise ValueError("'notify.webhook' must begin with http:// or https://, or be $NAME")
        return value

    @property
    def address(self) -> str | None:
        """Where events are sent to; None where nobody gets a message."""
        if self.webhook is None or not self.webhook.startswith("$"):
            return self.webhook or os.environ.get(WEBHOOK_VARIABLE) or None
        return os.environ.get(self.webhook.removeprefix("$")) or None


class WatchSection(Section):
    """When `fieldwright watch` takes files for new and complete."""

    settle_seconds: float = Field(
        60.0,
        gt=0,
        description="A run is complete once the sizes and time stamps of its files have not changed for so long.",
    )
    every_seconds: float = Field(
        15.0,
        gt=0,
        description="Seconds between two looks at the folder; a look reads names, sizes and times alone.",
    )
    ignore: tuple[str, ...] = Field(
        (),
        description='Names of files that do not count, as globs: `["*.lock", "scratch*"]`. A file called `*.tmp`, '
        "`*.part`, `*.partial`, `*.filepart` or `*.crdownload` is being written: its run waits.",
    )
    log: str | None = Field(
        None,
        description="Pattern of the solver's log in a run's folder: the run waits until its end matches `log_ended`. "
        "If left out, logs of OpenFOAM and CalculiX are recognised.",
    )
    log_ended: str = Field(
        LOG_ENDED,
        description="Regular expression that such a log matches once the solver has ended, well or not.",
    )
    log_seconds: float = Field(
        3600.0,
        gt=0,
        description="A run whose log has no end is complete, as far as it goes, once its files have not changed for "
        "so long: the solver was killed.",
    )
    attempts: int = Field(
        3,
        ge=1,
        description="How often a pipeline that broke off is tried on the same files, each time after a longer wait. "
        "One that ends with a mistake in runs or study is not tried again before they change.",
    )
    retry_seconds: float = Field(
        60.0, gt=0, description="The first of these waits; each next is four times as long."
    )


class RetentionSection(Section):
    """What `fieldwright prune` keeps."""

    pipelines: int = Field(
        10,
        ge=1,
        description="So many of the last pipelines are kept with their candidates, pictures and versions. Champions "
        "of all times, a challenger, and the last pipeline that finished are kept whatever their age.",
    )
    prediction_log_days: float = Field(
        90.0, gt=0, description="Older files of the log of predictions are removed."
    )
    step_results_days: float = Field(
        14.0,
        gt=0,
        description="Results of finished steps of an interrupted pipeline are removed when it is as old as this.",
    )
