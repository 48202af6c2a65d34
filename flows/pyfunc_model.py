"""What MLflow's own tools load: a registered surrogate as a pyfunc model "from code", so that nothing is unpickled.

MLflow runs this file when it loads a model; the surrogate lies beside it as JSON and safetensors.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from surrogates.prediction import Band, Prediction
from surrogates.quantities import default_quantities
from surrogates.restoring import restored
from surrogates.shapes.shape_surrogate import ShapeSurrogate


class PyfuncSurrogate(PythonModel):
    """Answers a table of parameters, one query a row, with the default quantities and their bands.

    Where the shape varies: signed distances (q, ny, nx) with the fields (q, points, components) and theirs.
    """

    def load_context(self, context: PythonModelContext) -> None:
        """Restores the surrogate from its folder among the model's artifacts."""
        self.surrogate = restored(Path(context.artifacts["surrogate"]))

    def predict(self, context: PythonModelContext, model_input, params: dict[str, Any] | None = None):
        """`<quantity>`, `<quantity>:std`, `:lower`, `:upper`, `inside`, `outside`: columns of a table, or arrays."""
        if isinstance(self.surrogate, ShapeSurrogate):
            answer = self.surrogate.predict(np.asarray(model_input, dtype=float))
            return _named(answer.fields, answer)
        names = [parameter.name for parameter in self.surrogate.description.parameters]
        quantities = [one for field in self.surrogate.description.fields for one in default_quantities(field)]
        answer = self.surrogate.predict(model_input[names].to_numpy(float), fields=(), quantities=quantities)
        return pd.DataFrame(_named(answer.quantities, answer))


def _named(bands: Mapping[str, Band], answer: Prediction) -> dict[str, np.ndarray]:
    named: dict[str, np.ndarray] = {}
    for label, band in bands.items():
        named |= {label: band.mean, f"{label}:std": band.std}
        named |= {f"{label}:lower": band.lower, f"{label}:upper": band.upper}
    return named | {"inside": answer.inside, "outside": answer.outside}


set_model(PyfuncSurrogate())
