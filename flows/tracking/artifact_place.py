"""Where the files of tracked runs and models lie: a shared place, never the working folder."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from urllib.parse import urlsplit

from fieldwright.data.environment import home
from fieldwright.data.errors import ModelError

VARIABLE = "FIELDWRIGHT_ARTIFACTS"


def artifact_place(setting: str | None) -> str:
    """The address of the folder or bucket.

    Parameters
    ----------
    setting
        A study's own; $FIELDWRIGHT_ARTIFACTS where it has none, else `mlartifacts` under $FIELDWRIGHT_HOME.

    Raises
    ------
    ModelError
        It is in an S3-compatible store, and what speaks to such is not installed.
    """
    place = setting or os.environ.get(VARIABLE)
    if not place:
        return (home() / "mlartifacts").as_uri()
    if not urlsplit(place).scheme:
        # Relative to the home, so that all commands mean the same place wherever they are called.
        return (home() / Path(place).expanduser()).resolve().as_uri()
    if place.startswith("s3:") and importlib.util.find_spec("boto3") is None:
        raise ModelError(
            "A store of files in S3 must have the library boto3",
            f"none, for {place}",
            "Install the extra: pip install 'fieldwright[s3]'",
        )
    return place.rstrip("/")
