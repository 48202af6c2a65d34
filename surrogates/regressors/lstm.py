"""Long short-term memory that rolls a transient out from its parameters, or from a measured first stretch."""

from __future__ import annotations

from typing import Literal

from fieldwright.surrogates.regressors import register
from fieldwright.surrogates.trajectory.ensemble import RecurrentConfig, RecurrentEnsemble


class LSTMConfig(RecurrentConfig):
    """Settings of the ensemble of long short-term memories, see `RecurrentConfig`."""

    kind: Literal["lstm"] = "lstm"


class LSTM(RecurrentEnsemble):
    """An ensemble of networks of one LSTM cell each."""

    cell = "lstm"


register(LSTMConfig, LSTM)
