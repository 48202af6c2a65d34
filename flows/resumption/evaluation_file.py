"""The evaluation of a candidate as a JSON file, number for number."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from fieldwright.data.errors import ModelError

MODEL = "model"
"""Folder of the trained model beside it."""
EVALUATION = "evaluation.json"
EvaluationType = TypeVar("EvaluationType")


def write_evaluation(evaluation: Any, folder: Path) -> None:
    """Writes it into the folder."""
    (folder / EVALUATION).write_text(json.dumps(asdict(evaluation)), encoding="utf-8")


def read_evaluation(kind: type[EvaluationType], folder: Path) -> EvaluationType:
    """What `write_evaluation` wrote; raises ModelError where it is damaged."""
    try:
        content = json.loads((folder / EVALUATION).read_text(encoding="utf-8"))
        return TypeAdapter(kind).validate_python(content)
    except (OSError, ValueError, ValidationError) as error:
        raise ModelError(
            "The evaluation of a candidate must be as it was written",
            f"{folder / EVALUATION} ({error})",
            "Train the candidate again",
        ) from error
