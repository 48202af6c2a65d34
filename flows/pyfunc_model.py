"""What MLflow's own tools load: a registered surrogate as a pyfunc model "from code", so that nothing is unpickled.

MLflow runs this file when it loads a model; the surrogate lies beside it as JSON and safetensors.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from surrogates.quantities import default_quantities
from surrogates.surrogate import Surrogate


class PyfuncSurrogate(PythonModel):
    """Answers a table of parameters, one query a row, with the default quantities and their bands."""

    def load_context(self, context: PythonModelContext) -> None:
        """Restores the surrogate from its folder among the model's artifacts."""
        self.surrogate = Surrogate.load(context.artifacts["surrogate"])

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ):
        """Columns `<quantity>`, `<quantity>:std`, `:lower`, `:upper`, `inside` and `outside`, one row per query."""
        names = [parameter.name for parameter in self.surrogate.description.parameters]
        quantities = [one for field in self.surrogate.description.fields for one in default_quantities(field)]
        answer = self.surrogate.predict(model_input[names].to_numpy(float), fields=(), quantities=quantities)
        columns: dict[str, Any] = {}
        for label, band in answer.quantities.items():
            columns |= {label: band.mean, f"{label}:std": band.std}
            columns |= {f"{label}:lower": band.lower, f"{label}:upper": band.upper}
        return pd.DataFrame(columns | {"inside": answer.inside, "outside": answer.outside})


set_model(PyfuncSurrogate())
