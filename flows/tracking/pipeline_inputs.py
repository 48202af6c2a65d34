"""What a pipeline's results depend on, as one key: where it is that of an earlier pipeline, nothing is new."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from fieldwright.flows.study.file import StudyFile

PACKAGE = Path(__file__).parents[2]
LIBRARIES = ("numpy", "scipy", "scikit-learn", "torch", "gpytorch")
"""Those whose release may change the numbers."""
WITHOUT_EFFECT = {"name", "description", "tracking", "drift"}
"""What a study file says that changes no number."""


def pipeline_inputs(study: StudyFile, data: str) -> str:
    """The SHA-256 of the study's settings, its data, the product's code and the libraries, as hexadecimal digits.

    Parameters
    ----------
    study
        All of its settings count but name, description, `[tracking]` and `[drift]`; its seed is among them.
    data
        A digest of what the candidates learn from.
    """
    settings = study.model_dump(mode="json", exclude=WITHOUT_EFFECT)
    libraries = {name: _version(name) for name in LIBRARIES}
    text = json.dumps([type(study).__name__, settings, data, code_digest(), libraries], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def code_digest() -> str:
    """The SHA-256 of all Python files of the installed packages, by their names and contents."""
    digest = hashlib.sha256()
    for folder in ("data", "physics", "surrogates", "flows"):
        for path in sorted((PACKAGE / folder).rglob("*.py")):
            digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return ""
