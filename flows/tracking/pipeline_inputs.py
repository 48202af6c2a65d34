"""What a pipeline's results depend on, as one key: where it is that of an earlier pipeline, nothing is new."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from fieldwright.data.computing.worker_check import code_digest
from fieldwright.flows.study.file import StudyFile

LIBRARIES = ("numpy", "scipy", "scikit-learn", "torch", "gpytorch")
"""Those whose release may change the numbers."""
WITHOUT_EFFECT = {"name", "description", "tracking", "schedule", "compute", "drift"}
"""What a study file says that changes no number."""


def pipeline_inputs(study: StudyFile, data: str, labels: Sequence[str] = ()) -> str:
    """The SHA-256 of the study's settings, its data, the product's code and the libraries, as hexadecimal digits.

    Parameters
    ----------
    study
        All of its settings count but name, description, `[tracking]`, `[schedule]` and `[drift]`; its seed is
        among them.
    data
        A digest of what the candidates learn from.
    labels
        Of the candidates that are trained, where these are not all.
    """
    settings = study.model_dump(mode="json", exclude=WITHOUT_EFFECT)
    libraries = {name: _version(name) for name in LIBRARIES}
    text = json.dumps(
        [type(study).__name__, settings, data, code_digest(), libraries, *sorted(set(labels))], sort_keys=True
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return ""
