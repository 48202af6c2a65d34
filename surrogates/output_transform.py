"""Whether a field is learned as given or as its logarithm, told by how well left-out runs are predicted."""

from __future__ import annotations

import numpy as np

from surrogates.field_model import FieldModel
from surrogates.input_transform import InputTransform
from surrogates.kinds import KindConfig
from surrogates.metrics import relative_l2
from surrogates.radial_basis import CubicRBF
from surrogates.reductions import ReductionConfig
from surrogates.reductions.svd import SVDConfig
from surrogates.scaler import Scaler
from surrogates.truncation import predictable_rank

LEAST_RATIO = 100.0
"""Of the largest and the least value of a field, for its logarithm to be tried."""
WIDEST = 1e-9
"""Relative projection error down to which modes are looked at where a study gives no number of them."""
LEAST_GAIN = 0.1
"""By which share the logarithm must lower the typical error to be taken."""


def fitted_field(
    config: KindConfig, reduction: ReductionConfig, x: np.ndarray, values: np.ndarray, seed: int
) -> tuple[FieldModel, np.ndarray, InputTransform]:
    """The model of values (n, [t,] points, components), its scaled latent (n, r) and the scales of x (n, p).

    A concentration or a turbulent quantity that spans decades is a sum of few modes only in its logarithm. Both ways
    are judged by the median relative error of the fields that a cubic RBF predicts for left-out runs.
    """
    model, latent, transform = _fitted(config, reduction, x, values, seed, logarithmic=False)
    least = float(values.min())
    if config.outputs == "raw" or least <= 0.0 or float(values.max()) < LEAST_RATIO * least:
        return model, latent, transform
    logged = _fitted(config, reduction, x, values, seed, logarithmic=True)
    as_given = _error(model, latent, transform, x, values)
    return (
        logged if _error(*logged, x, values) < (1.0 - LEAST_GAIN) * as_given else (model, latent, transform)
    )


def _fitted(
    config: KindConfig,
    reduction: ReductionConfig,
    x: np.ndarray,
    values: np.ndarray,
    seed: int,
    logarithmic: bool,
) -> tuple[FieldModel, np.ndarray, InputTransform]:
    free = isinstance(reduction, SVDConfig) and reduction.free
    widest = reduction.model_copy(update={"error": WIDEST}) if free else reduction
    model, latent = FieldModel.fit(widest, values, seed, logarithmic)
    transform = InputTransform.choose(x, latent * model.shares, seed, config.inputs)
    if free and model.rank > 1:
        sized, u = latent * model.shares, transform(x)
        rank = predictable_rank(sized, CubicRBF.fit(Scaler.fit(u).scaled(u), sized)[1])
        if rank < model.rank:
            model, latent = FieldModel.fit(
                reduction.model_copy(update={"rank": rank}), values, seed, logarithmic
            )
    return model, latent, transform


def _error(
    model: FieldModel, latent: np.ndarray, transform: InputTransform, x: np.ndarray, values: np.ndarray
) -> float:
    """Median over the runs of the relative L2 error of the field without the run."""
    u = transform(x)
    left_out = latent - CubicRBF.fit(Scaler.fit(u).scaled(u), latent)[1]
    return float(np.median(relative_l2(values, model.mean(left_out).reshape(values.shape))))
