"""Gated recurrent units that roll a transient out from its parameters, or from a measured first stretch."""

from __future__ import annotations

from typing import Literal

from fieldwright.surrogates.regressors import register
from fieldwright.surrogates.trajectory.recurrent_settings import RecurrentConfig


class GRUConfig(RecurrentConfig):
    """Settings of the ensemble of gated recurrent units, see `RecurrentConfig`."""

    kind: Literal["gru"] = "gru"


register(GRUConfig, "fieldwright.surrogates.trajectory.ensemble:GRU")
