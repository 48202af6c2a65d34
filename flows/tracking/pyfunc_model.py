"""What MLflow's own tools load: a registered model as a pyfunc model "from code", so that nothing is unpickled.

MLflow runs this file when it loads a model; the artifact lies beside it as JSON and safetensors.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from fieldwright.surrogates.families import load_model


class PyfuncSurrogate(PythonModel):
    """Answers a table by a table and an array by arrays, one row for each query; see each family's `tabulate`."""

    # An array is as welcome as a table; without a type of its queries MLflow would look for one, and warn.
    _skip_type_hint_validation = True

    def load_context(self, context: PythonModelContext) -> None:
        """Restores the model from its folder among the artifacts."""
        self.model = load_model(Path(context.artifacts["surrogate"]))

    def predict(self, context: PythonModelContext, model_input, params: dict[str, Any] | None = None):
        """`<name>`, `<name>:std`, `:lower`, `:upper`, `inside` and more, as the family has them."""
        answer = self.model.tabulate(model_input)
        return pd.DataFrame(answer) if isinstance(model_input, pd.DataFrame) else answer


set_model(PyfuncSurrogate())
