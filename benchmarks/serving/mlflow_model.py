"""The surrogate as a model from code, which `mlflow models serve` answers with."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel

from fieldwright.surrogates.fields.surrogate import Surrogate


class Tabulated(PythonModel):
    """Columns of parameters in, the table of all default quantities out."""

    def load_context(self, context):
        self.surrogate = Surrogate.load(Path(context.artifacts["surrogate"]))

    def predict(self, context, model_input, params=None):
        return pd.DataFrame(self.surrogate.tabulate(model_input))


set_model(Tabulated())
