"""What a pipeline's results depend on, as one key: where it is that of an earlier pipeline, nothing is new."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence, Set
from importlib.metadata import PackageNotFoundError, version

from pydantic import TypeAdapter

from fieldwright.data.computing.worker_check import code_digest
from fieldwright.flows.study.file import StudyFile

LIBRARIES = ("numpy", "scipy", "scikit-learn", "torch", "gpytorch")
"""Those whose release may change the numbers."""
WITHOUT_EFFECT = {
    "name",
    "description",
    "tracking",
    "schedule",
    "compute",
    "drift",
    "watch",
    "notify",
    "retention",
}
"""What a study file says that changes no number."""
OF_THE_CHOICE = {"candidates", "search", "promotion"}
"""What a study file says that changes no evaluation of a candidate: the others, and what becomes of it."""


def pipeline_inputs(study: StudyFile, data: str, labels: Sequence[str] = ()) -> str:
    """The SHA-256 of the study's settings, its data, the product's code and the libraries, as hexadecimal digits.

    Parameters
    ----------
    study
        All of its settings count but those WITHOUT_EFFECT; its seed is among them.
    data
        A digest of what the candidates learn from.
    labels
        Of the candidates that are trained, where these are not all.
    """
    return _key(study, WITHOUT_EFFECT, data, *sorted(set(labels)))


def candidate_inputs(study: StudyFile, data: str, metric: str, label: str, candidate: object) -> str:
    """The SHA-256 of what the evaluation of one candidate depends on, as hexadecimal digits.

    Other candidates and the promotion rule do not count: where they change, this one is as it was.

    Parameters
    ----------
    study
        All of its settings that change an evaluation count; its seed is among them.
    data
        A digest of what the candidates learn from.
    metric
        What candidates are compared by.
    label
        Of the candidate.
    candidate
        Its settings.
    """
    settings = TypeAdapter(type(candidate)).dump_python(candidate, mode="json")
    return _key(study, WITHOUT_EFFECT | OF_THE_CHOICE, data, metric, label, settings)


def joint_key(*parts: object) -> str:
    """The SHA-256 of keys and other JSON values together, as hexadecimal digits."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _key(study: StudyFile, ignored: Set[str], *more: object) -> str:
    settings = study.model_dump(mode="json", exclude=set(ignored))
    libraries = {name: _version(name) for name in LIBRARIES}
    return joint_key(type(study).__name__, settings, code_digest(), libraries, *more)


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return ""
