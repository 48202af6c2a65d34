"""The trained best of a pipeline on disk: the model's artifact, and the rest as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import TypeAdapter

from fieldwright.flows.steps import Finished, Steps
from fieldwright.flows.study_families import study_family
from fieldwright.surrogates.families import load_model

MODEL, CONTENT = "model", "finished.json"


def write_finished(finished: Finished, folder: Path) -> None:
    """Writes it into an empty folder."""
    finished.model.save(folder / MODEL)
    content = {
        "report": {name: _plain(value) for name, value in finished.report.items()},
        "metrics": dict(finished.metrics),
        "tags": dict(finished.tags),
        "files": dict(finished.files),
    }
    (folder / CONTENT).write_text(json.dumps(content), encoding="utf-8")


def read_finished(steps: Steps[Any, Any], folder: Path) -> Finished:
    """What `write_finished` wrote, without what `Steps.completed` adds.

    Raises FieldwrightError, OSError or ValueError where it is damaged.
    """
    content = json.loads((folder / CONTENT).read_text(encoding="utf-8"))
    types = get_type_hints(study_family(steps.study.subject).report_class())
    report = {name: _typed(types[name], value) for name, value in content["report"].items()}
    return Finished(
        load_model(folder / MODEL),
        report,
        content["metrics"],
        content["tags"],
        files=content["files"],
    )


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return dict(value) if isinstance(value, Mapping) else value


def _typed(kind: Any, value: Any) -> Any:
    return TypeAdapter(kind).validate_python(value)
