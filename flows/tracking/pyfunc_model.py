"""What MLflow's own tools load: a registered surrogate as a pyfunc model "from code", so that nothing is unpickled.

MLflow runs this file when it loads a model; the surrogate lies beside it as JSON and safetensors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from fieldwright.surrogates.cracks.classification.crack_classifier import CrackClassifier
from fieldwright.surrogates.cracks.segmentation.crack_segmenter import CrackSegmenter
from fieldwright.surrogates.equations.solution_surrogate import SolutionSurrogate
from fieldwright.surrogates.fields.prediction import Band, Prediction
from fieldwright.surrogates.fields.quantities import default_quantities
from fieldwright.surrogates.persistence.restoring import restored
from fieldwright.surrogates.shapes.shape_surrogate import ShapeSurrogate


class PyfuncSurrogate(PythonModel):
    """Answers a table of parameters, one query a row, with the default quantities and their bands.

    Where the shape varies: signed distances (q, ny, nx) with the fields (q, points, components) and theirs.
    Of an equation: a table of points, coordinates and parameters, with the outputs.
    For cracks: photos (q, h, w, 3) uint8 with what the classifier or the segmenter says of each.
    """

    def load_context(self, context: PythonModelContext) -> None:
        """Restores the surrogate from its folder among the model's artifacts."""
        self.surrogate = restored(Path(context.artifacts["surrogate"]))

    def predict(self, context: PythonModelContext, model_input, params: dict[str, Any] | None = None):
        """`<quantity>`, `<quantity>:std`, `:lower`, `:upper`, `inside`, `outside`: columns of a table, or arrays."""
        if isinstance(self.surrogate, CrackClassifier):
            return _arrays([self.surrogate.predict(model_input)], CLASSES, np.concatenate)
        if isinstance(self.surrogate, CrackSegmenter):
            return _arrays([self.surrogate.segment(photo) for photo in model_input], OUTLINES, np.stack)
        if isinstance(self.surrogate, SolutionSurrogate):
            return pd.DataFrame(_solved(self.surrogate, model_input))
        if isinstance(self.surrogate, ShapeSurrogate):
            answer = self.surrogate.predict(np.asarray(model_input, dtype=float))
            return _named(answer.fields, answer)
        names = [parameter.name for parameter in self.surrogate.description.parameters]
        quantities = [one for field in self.surrogate.description.fields for one in default_quantities(field)]
        answer = self.surrogate.predict(model_input[names].to_numpy(float), fields=(), quantities=quantities)
        return pd.DataFrame(_named(answer.quantities, answer))


CLASSES = ("probability", "std", "lower", "upper", "inside", "outside", "crack")
OUTLINES = ("probability", "std", "mask", "inside")


def _arrays(
    answers: Sequence[Any], names: Sequence[str], join: Callable[..., np.ndarray]
) -> dict[str, np.ndarray]:
    return {name: join([getattr(answer, name) for answer in answers]) for name in names}


def _solved(solution: SolutionSurrogate, table: pd.DataFrame) -> dict[str, np.ndarray]:
    """`<output>`, `<output>:std`, `:lower`, `:upper` where there are any, and `inside`, point by point."""
    description = solution.description
    points = table[[one.name for one in description.coordinates]].to_numpy(float)
    answer = solution.solve(
        points, {one.name: table[one.name].to_numpy(float) for one in description.parameters}
    )
    named = dict(answer.mean)
    for statistic in ("std", "lower", "upper"):
        columns = getattr(answer, statistic) or {}
        named |= {f"{name}:{statistic}": values for name, values in columns.items()}
    return named | {"inside": answer.inside}


def _named(bands: Mapping[str, Band], answer: Prediction) -> dict[str, np.ndarray]:
    named: dict[str, np.ndarray] = {}
    for label, band in bands.items():
        named |= {label: band.mean, f"{label}:std": band.std}
        named |= {f"{label}:lower": band.lower, f"{label}:upper": band.upper}
    return named | {"inside": answer.inside, "outside": answer.outside}


set_model(PyfuncSurrogate())
