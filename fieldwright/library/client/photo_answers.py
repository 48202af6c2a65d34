"""What an endpoint answers about photos: tables of pandas, pictures as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

FIGURES = ("value", "lower", "upper", "unit")
GROWN = ("length", "mean_width", "max_width")


@dataclass(frozen=True, eq=False)
class EndpointPhotos:
    """What a model says of photos.

    Attributes
    ----------
    photos
        A row for each photo, with the columns that the route answers.
    pictures
        For each photo its pictures by name, uint8 (height, width) or (height, width, 3); empty where none are made.
    inside
        Whether each photo resembles the training photos.
    why
        For each photo why it does not, or None.
    model, version
        What has answered.
    """

    photos: pd.DataFrame
    pictures: tuple[Mapping[str, np.ndarray], ...]
    inside: np.ndarray
    why: tuple[str | None, ...]
    model: str
    version: str


@dataclass(frozen=True, eq=False)
class EndpointMeasurements:
    """How long and wide the cracks of a mask are.

    Attributes
    ----------
    total
        A row for each of length, widths and area of all cracks together; columns "value", "lower", "upper", "unit".
    cracks
        A row for each crack, the longest first; columns by figure and by those four, and by name for all else.
    about
        All that was answered: `components`, `branches_bounds`, `orientation_deg`, `mm_per_px` and others.
    share
        Of the mask that is crack.
    model, version
        What has answered.
    """

    total: pd.DataFrame
    cracks: pd.DataFrame
    about: Mapping[str, Any]
    share: float
    model: str
    version: str


@dataclass(frozen=True, eq=False)
class EndpointGrowth:
    """How much cracks have grown between two photos, within what both show.

    Attributes
    ----------
    growth
        A row for each of "length", "mean_width" and "max_width", after less before; columns "value", "lower",
        "upper" and "unit". The bounds are those of both measurements, added as squares.
    before, after
        Measurements of what both photos show, as `EndpointMeasurements.about` has them.
    common
        Share of the first photo that both show.
    registration
        How the later photo was laid upon the first.
    photos
        What is said of each of the two.
    pictures
        "new", bool (height, width), and "aligned", uint8 (height, width, 3); empty where none were asked for.
    model, version
        What has answered.
    """

    growth: pd.DataFrame
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    common: float
    registration: Mapping[str, Any]
    photos: pd.DataFrame
    pictures: Mapping[str, np.ndarray]
    model: str
    version: str


@dataclass(frozen=True)
class EndpointJob:
    """How far a job has come.

    Attributes
    ----------
    name
        By which it is asked for.
    route
        What is answered.
    state
        "waiting", "running", "done", "failed" or "cancelled".
    done, total
        Steps done, and steps in all, 0 until it runs.
    seconds_left
        None until they can be estimated.
    error
        Why there is no answer, or None.
    """

    name: str
    route: str
    state: Literal["waiting", "running", "done", "failed", "cancelled"]
    done: int
    total: int
    seconds_left: float | None
    error: str | None

    @property
    def open(self) -> bool:
        """Whether it waits or runs."""
        return self.state in ("waiting", "running")


def photos_of(document: Mapping[str, Any], pictures: Sequence[Mapping[str, np.ndarray]]) -> EndpointPhotos:
    """The answer to a question about photos."""
    photos = document["photos"]
    return EndpointPhotos(
        pd.DataFrame(photos),
        tuple(pictures) or tuple({} for _ in photos),
        np.array([photo["inside"] for photo in photos]),
        tuple(photo["why"] for photo in photos),
        document["model"],
        document["version"],
    )


def mask_measurements(document: Mapping[str, Any]) -> EndpointMeasurements:
    """The answer to a question about a mask."""
    (mask,) = document["photos"]
    measured = mask["measurements"]
    figures = {name: one for name, one in measured.items() if _is_figure(one)}
    cracks = [
        {
            (name, column): value
            for name, one in crack.items()
            for column, value in (one.items() if _is_figure(one) else [("", one)])
        }
        for crack in measured["cracks"]
    ]
    return EndpointMeasurements(
        pd.DataFrame(figures, index=list(FIGURES)).T,
        pd.DataFrame(cracks, columns=pd.MultiIndex.from_tuples(cracks[0]) if cracks else None),
        measured,
        mask["share"],
        document["model"],
        document["version"],
    )


def growth_of(document: Mapping[str, Any], pictures: Mapping[str, np.ndarray]) -> EndpointGrowth:
    """The answer to a question about two photos."""
    growth = pd.DataFrame({name: document[name] for name in GROWN}, index=list(FIGURES)).T
    by_name = {name: one > 0 if name == "new" else one for name, one in pictures.items()}
    return EndpointGrowth(
        growth,
        document["before"],
        document["after"],
        document["common"],
        document["registration"],
        pd.DataFrame(document["photos"]),
        by_name,
        document["model"],
        document["version"],
    )


def job_of(document: Mapping[str, Any]) -> EndpointJob:
    """The state of a job."""
    return EndpointJob(**{"name" if name == "job" else name: value for name, value in document.items()})


def _is_figure(one: Any) -> bool:
    return isinstance(one, Mapping) and "lower" in one
