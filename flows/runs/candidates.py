"""The candidates of a study, with the settings that follow from its physics."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fieldwright.flows.runs.targets import Targets
from fieldwright.flows.study.runs_study import Study
from fieldwright.surrogates.fields.model_inputs import ModelInputs
from fieldwright.surrogates.fields.settings import accepted_settings
from fieldwright.surrogates.regressors import KindConfig

AUTO = "auto"
"""Label of the candidate that a search finds."""


def common_settings(study: Study, targets: Targets) -> dict[str, Any]:
    """Settings of all candidates that have them: scales, hints with units, and the parameter of the fidelity."""
    scales = [study.parameters.columns[parameter.name].scale for parameter in targets.parameters]
    units = tuple(parameter.unit for parameter in targets.parameters)
    settings: dict[str, Any] = {"hints": replace(study.hints, units=units)}
    if set(scales) != {"auto"}:
        settings["inputs"] = tuple("raw" if scale == "fidelity" else scale for scale in scales)
    if "fidelity" in scales:
        # Parameters that formulas replace do not reach the models.
        direct = ModelInputs.fit(study.hints, targets.x).direct if study.hints.derived else range(len(scales))
        settings["fidelity"] = list(direct).index(scales.index("fidelity"))
    return settings


def with_common_settings(study: Study, candidate: KindConfig, targets: Targets) -> KindConfig:
    """The candidate with the settings that follow from the physics of the study."""
    return candidate.model_copy(update=accepted_settings(type(candidate), common_settings(study, targets)))


def settings_text(candidate: KindConfig) -> str:
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
