"""Gated recurrent units that roll a transient out from its parameters, or from a measured first stretch."""

from __future__ import annotations

from typing import Literal

from fieldwright.surrogates.regressors import register
from fieldwright.surrogates.trajectory.ensemble import RecurrentConfig, RecurrentEnsemble


class GRUConfig(RecurrentConfig):
    """Settings of the ensemble of gated recurrent units, see `RecurrentConfig`."""

    kind: Literal["gru"] = "gru"


class GRU(RecurrentEnsemble):
    """An ensemble of networks of one gated recurrent unit cell each."""

    cell = "gru"


register(GRUConfig, GRU)
