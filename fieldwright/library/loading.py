"""Saved and registered models: `load`."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from fieldwright.data.errors import ModelError
from fieldwright.library.fitted_model import FittedModel
from fieldwright.library.solution import Solution
from fieldwright.surrogates.equations.solution_surrogate import SolutionSurrogate
from fieldwright.surrogates.families import load_model
from fieldwright.surrogates.fields.surrogate import Surrogate

REGISTERED = "models:/"


def load(path: str | os.PathLike[str], *, tracking_uri: str | None = None) -> Any:
    """Loads a model that was saved, or registered by a pipeline.

    Parameters
    ----------
    path
        The folder that `save` wrote, or "models:/<study>@<alias>" or "models:/<study>/<version>" of MLflow.
    tracking_uri
        Where MLflow keeps registered ones; $MLFLOW_TRACKING_URI if left out, else SQLite under $FIELDWRIGHT_HOME.

    Returns
    -------
    FittedModel or Solution
        Of runs or of an equation. Models of shapes and of photos come back as they are, with their own `predict`.

    Raises
    ------
    ModelError
        There is no such model, or it is damaged.
    """
    if not str(path).startswith(REGISTERED):
        folder = Path(path)
        if not folder.is_dir():
            raise ModelError(
                "A model must be the folder that `save` wrote, or 'models:/<study>@champion'",
                f"'{folder}', which is no folder",
                "Correct the path",
            )
        return _library_model(folder)
    # Imported here alone: MLflow takes seconds, and most who load a model have none.
    from fieldwright.data.tracking_file import default_uri
    from fieldwright.serving.hosting.registry import Registry

    name, version, alias = _registered(str(path).removeprefix(REGISTERED))
    registry = Registry(tracking_uri or default_uri())
    shelved = registry.aliased(name, alias) if alias else registry.numbered(name, version)
    with tempfile.TemporaryDirectory(prefix="fieldwright-model-") as folder:
        return _library_model(registry.download(shelved, Path(folder)))


def _registered(text: str) -> tuple[str, str, str]:
    """Name, version and alias, one of the two empty, of "plate@champion" or "plate/3"."""
    name, _, alias = text.partition("@")
    if alias and name and "/" not in text:
        return name, "", alias
    name, _, version = text.partition("/")
    if name and version.isdigit() and "@" not in text:
        return name, version, ""
    raise ModelError(
        "A registered model must be named 'models:/<study>@<alias>' or 'models:/<study>/<version>'",
        f"'{REGISTERED}{text}'",
        "Write 'models:/plate@champion', for example",
    )


def _library_model(folder: Path) -> Any:
    model = load_model(folder)
    if isinstance(model, Surrogate):
        return FittedModel(model)
    return Solution(model) if isinstance(model, SolutionSurrogate) else model
