"""What is written into MLflow of the parts of a pipeline: the same names for every family of studies."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fieldwright.flows.steps import Dataset, Finished, Incoming, Steps, Trained
from fieldwright.flows.tracking.experiment_page import CANDIDATE_TAGS
from fieldwright.flows.tracking.tracked_run import TrackedRun


def record_candidate(
    run: TrackedRun, steps: Steps[Any, Any], seed: int, data: Dataset, trained: Trained
) -> None:
    """Writes what every candidate of every family has under the same names, and what the family adds."""
    evaluation = trained.evaluation
    samples = {f"samples.{part}": n for part, n in data.samples.items()}
    run.log(
        params=candidate_params(trained.settings) | flat({"seed": seed} | samples | dict(trained.params)),
        metrics={"score": evaluation.score, "fit_seconds": evaluation.fit_seconds} | dict(trained.metrics),
        tags={
            "role": "candidate",
            "candidate": evaluation.candidate,
            "family": steps.family.name,
            "metric": steps.metric,
        }
        | CANDIDATE_TAGS
        | dict(trained.tags),
    )
    run.json(trained.files)


def record(run: TrackedRun, part: Incoming | Dataset | Finished) -> None:
    """Writes whatever metrics, tags and files there are."""
    run.log(metrics=getattr(part, "metrics", {}), tags=getattr(part, "tags", {}))
    run.json(part.files)


def candidate_params(settings: Mapping[str, Any]) -> dict[str, str]:
    """Settings of a candidate under its kind, such as "gp.kernel": other kinds have others of that name.

    What the study says of its physics, the hints, is the same for all of them.
    """
    settings_of_kind = {name: value for name, value in _without_hints(settings).items() if name != "kind"}
    kind = settings.get("kind")
    return flat(settings_of_kind) if kind is None else {"kind": kind} | flat({kind: settings_of_kind})


def _without_hints(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _without_hints(value) if isinstance(value, Mapping) else value
        for name, value in settings.items()
        if name != "hints"
    }


def flat(settings: Mapping[str, Any], before: str = "") -> dict[str, str]:
    """Tables within tables as dotted names, "architecture.hidden", and values in words; None is left out."""
    values: dict[str, str] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            values |= flat(value, f"{before}{name}.")
        elif value is not None:
            values[f"{before}{name}"] = _text(value)
    return values


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return json.dumps(value, default=str)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_text(one) for one in value)
    return str(value)
