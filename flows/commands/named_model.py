"""A registered or saved model, as a command is given its name."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

from fieldwright.data.errors import ModelError
from fieldwright.flows.commands.selected_version import selected_version
from fieldwright.flows.photos.best_device import best_device
from fieldwright.flows.study.loading import load_study
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.sqlite_reading import CHAMPION
from fieldwright.flows.tracking.versions.challenger import CHALLENGER, challenger_of
from fieldwright.surrogates.families import load_model
from fieldwright.surrogates.model import Model
from fieldwright.surrogates.persistence.artifact import MANIFEST


@dataclass(frozen=True, eq=False)
class NamedModel:
    """A loaded model; version: its number, or of a saved one the beginning of its checksum."""

    name: str
    version: str
    model: Model


def named_model(text: str, purpose: str) -> NamedModel:
    """The model of "roads", "roads@champion", "roads@challenger", "roads@3", or of a folder that `save` wrote.

    The name may be a study file as well, whose tracking store is asked then. purpose: what is to be done with it,
    such as "asked". The model is on the GPU where there is one. Raises FieldwrightError.
    """
    device = best_device()
    folder = Path(text)
    if (folder / MANIFEST).is_file():
        model = load_model(folder, device)
        digest = hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()[:8]
        return NamedModel(model.description.name, f"of files {digest}", model)
    name, _, which = text.partition("@")
    if not name or not (which in ("", CHAMPION, CHALLENGER) or which.isdigit()):
        raise ModelError(
            "A model must be named as NAME@champion, NAME@challenger or NAME@NUMBER, or be a folder that holds one",
            f"'{text}'",
            "Write roads@champion, for example",
        )
    tracking = Tracking.of(load_study(Path(name))) if name.endswith(".toml") else Tracking(None, name)
    selected = challenger_of(tracking) if which == CHALLENGER else None
    if which == CHALLENGER and selected is None:
        raise ModelError(
            f"'{tracking.name}' must have a challenger", "none", f"Write {tracking.name}@champion"
        )
    selected = selected or selected_version(tracking, which if which.isdigit() else None, purpose)
    with tempfile.TemporaryDirectory(prefix="fieldwright-model-") as into:
        model = load_model(tracking.registry.download(selected, Path(into)), device)
    return NamedModel(tracking.name, selected.version, model)
