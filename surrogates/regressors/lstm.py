"""Long short-term memory that rolls a transient out from its parameters, or from a measured first stretch."""

from __future__ import annotations

from typing import Literal

from fieldwright.surrogates.regressors import register
from fieldwright.surrogates.trajectory.recurrent_settings import RecurrentConfig


class LSTMConfig(RecurrentConfig):
    """Settings of the ensemble of long short-term memories, see `RecurrentConfig`."""

    kind: Literal["lstm"] = "lstm"


register(LSTMConfig, "fieldwright.surrogates.trajectory.ensemble:LSTM")
