"""The candidates of a study, with what the study tells all of them about its physics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from fieldwright.flows.runs.targets import Targets
from fieldwright.flows.study.runs_study import Study
from fieldwright.surrogates.fields.model_inputs import ModelInputs
from fieldwright.surrogates.fields.settings import taken
from fieldwright.surrogates.regressors import KindConfig


class OfAKind(Protocol):
    """Settings of a candidate of any family."""

    @property
    def kind(self) -> str:
        """The kind of its model."""
        ...


Config = TypeVar("Config", bound=OfAKind)
AUTO = "auto"
"""Label of the candidate that a search finds."""


def told(study: Study, targets: Targets) -> dict[str, Any]:
    """Settings that every candidate gets which has them: scales, hints with units, and who tells the fidelity."""
    scales = [study.parameters.columns[parameter.name].scale for parameter in targets.parameters]
    units = tuple(parameter.unit for parameter in targets.parameters)
    settings: dict[str, Any] = {"hints": replace(study.hints, units=units)}
    if set(scales) != {"auto"}:
        settings["inputs"] = tuple("raw" if scale == "fidelity" else scale for scale in scales)
    if "fidelity" in scales:
        # Parameters that formulas replace do not reach the models.
        kept = ModelInputs.fit(study.hints, targets.x).kept if study.hints.derived else range(len(scales))
        settings["fidelity"] = list(kept).index(scales.index("fidelity"))
    return settings


def on_scales(study: Study, candidate: KindConfig, targets: Targets) -> KindConfig:
    """The candidate with what the study tells of the physics."""
    return candidate.model_copy(update=taken(type(candidate), told(study, targets)))


def labelled(candidates: Sequence[Config]) -> dict[str, Config]:
    """Candidates by label: their kind, numbered from the second of a kind on ("gp", "gp-2")."""
    labels: dict[str, Config] = {}
    for candidate in candidates:
        kind = candidate.kind
        count = 1 + sum(other.kind == kind for other in labels.values())
        labels[kind if count == 1 else f"{kind}-{count}"] = candidate
    return labels


def described(candidate: KindConfig) -> str:
    """The kind and those settings that are not its defaults: "gp, kernel = rbf, restarts = 3"."""
    default = type(candidate)()
    kind = candidate.kind
    if kind == "stack":
        return "stack of " + " + ".join(str(member["kind"]) for member in candidate.model_dump()["members"])
    changed = [
        f"{name} = {getattr(candidate, name)}"
        for name in type(candidate).model_fields
        if name not in ("kind", "hints", "inputs") and getattr(candidate, name) != getattr(default, name)
    ]
    return ", ".join([kind, *changed])
