"""What a trained crack classifier says of itself."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class ClassifierDescription(BaseModel):
    """All that a user of a crack classifier should know before asking it.

    n_photos, n_cracks: photos learned from, and how many of them show a crack.
    size: side in pixels of what the networks see. patch: side in photo pixels of what is shrunk to it.
    prevalence: share of cracks that the probabilities are calibrated at, where a query names none.
    threshold: probability from which on a photo is called cracked, by the costs in the settings.
    temperature: by which the log-odds are divided.
    coverage: nominal coverage of the band round a probability.
    errors: metric to value on the validation photos, which chose the epoch and the temperature: new photos do no
        better; once adapted, on the photos adapted to, each left out of the fit of the last layer.
    losses: validation loss of each network after each epoch.
    adapted: photos of the user's that it has been adapted to since, and how ("last_layer", "calibration" or
    "").
    notes: sentences for the user.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    kind: str
    n_photos: int
    n_cracks: int
    size: int
    patch: int
    prevalence: float
    threshold: float
    temperature: float
    coverage: float
    errors: dict[str, float]
    losses: tuple[tuple[float, ...], ...]
    seed: int
    settings: dict[str, Any]
    adapted: int = 0
    adaptation: str = ""
    notes: tuple[str, ...] = ()
