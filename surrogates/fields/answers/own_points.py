"""Where the points of an answer lie, where each answer has a mesh of its own."""

from __future__ import annotations

import numpy as np

from fieldwright.surrogates.fields.answers.blocks import predict_in_blocks
from fieldwright.surrogates.fields.answers.model_of_fields import ModelOfFields
from fieldwright.surrogates.fields.prediction import Prediction
from fieldwright.surrogates.fields.surrogate import Surrogate


def points_of_answers(model: ModelOfFields, x: np.ndarray, prediction: Prediction) -> np.ndarray | None:
    """(q, points, 3) predicted coordinates of the answers to x (q, p); None where all lie on the mesh of the study.

    They are taken from the prediction where it has them.
    """
    names = [info.name for info in model.description.fields if info.places]
    if not names:
        return None
    if names[0] not in prediction.fields:
        assert isinstance(model, Surrogate)
        prediction = predict_in_blocks(model, x, names, ())
    return np.asarray(prediction.fields[names[0]].mean, dtype=np.float64)
