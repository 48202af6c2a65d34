"""The surrogate as BentoML's own documentation serves a model: an API with its adaptive batching."""

from __future__ import annotations

import os
from pathlib import Path

import bentoml
import numpy as np

from fieldwright.surrogates.fields.surrogate import Surrogate


@bentoml.service(workers=1)
class Stock:
    """Rows of parameters in, the table of all default quantities out."""

    def __init__(self) -> None:
        self.surrogate = Surrogate.load(Path(os.environ["BENCHMARK_SURROGATE"]))
        self.names = [info.name for info in self.surrogate.description.parameters]

    @bentoml.api(batchable=True)
    def predict(self, rows: np.ndarray) -> np.ndarray:
        """(q, p) to (q, columns)."""
        table = self.surrogate.tabulate(dict(zip(self.names, rows.T, strict=True)))
        return np.column_stack(list(table.values()))
