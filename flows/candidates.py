"""The candidates of a study, with what the study tells all of them about its physics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flows.study import Study
from flows.targets import Targets
from surrogates.kinds import KindConfig

AUTO = "auto"
"""Label of the candidate that a search finds."""


def told(study: Study, targets: Targets) -> dict[str, Any]:
    """Settings of every candidate: the scales that the study gives its parameters, and its hints."""
    scales = tuple(study.parameters.columns[parameter.name].scale for parameter in targets.parameters)
    return {"hints": study.hints} | ({} if set(scales) == {"auto"} else {"inputs": scales})


def on_scales(study: Study, candidate: KindConfig, targets: Targets) -> KindConfig:
    """The candidate with what the study tells of the physics."""
    return candidate.model_copy(update=told(study, targets))


def labelled(candidates: Sequence[KindConfig]) -> dict[str, KindConfig]:
    """Candidates by label: their kind, numbered from the second of a kind on ("gp", "gp-2")."""
    labels: dict[str, KindConfig] = {}
    for candidate in candidates:
        kind = getattr(candidate, "kind", "")
        count = 1 + sum(getattr(other, "kind", "") == kind for other in labels.values())
        labels[kind if count == 1 else f"{kind}-{count}"] = candidate
    return labels


def described(candidate: KindConfig) -> str:
    """The kind and those settings that are not its defaults: "gp, kernel = rbf, restarts = 3"."""
    default = type(candidate)()
    kind = str(getattr(candidate, "kind", ""))
    if kind == "stack":
        return "stack of " + " + ".join(str(member["kind"]) for member in candidate.model_dump()["members"])
    changed = [
        f"{name} = {getattr(candidate, name)}"
        for name in type(candidate).model_fields
        if name not in ("kind", "hints", "inputs") and getattr(candidate, name) != getattr(default, name)
    ]
    return ", ".join([kind, *changed])
