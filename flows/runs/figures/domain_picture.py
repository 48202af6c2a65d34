"""The picture of the domain: the training runs, those rejected, and those predicted worst."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from fieldwright.flows.runs.inputs import parameter_table
from fieldwright.flows.runs.targets import Targets
from fieldwright.flows.study.runs_study import Study
from fieldwright.surrogates.domain.figures import WORST, domain_figure
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.understanding.sobol_indices import SobolIndices
from fieldwright.surrogates.validation.cross_validation import CrossValidation


def domain_picture(
    study: Study,
    surrogate: Surrogate,
    targets: Targets,
    validation: CrossValidation,
    rejected: Sequence[str],
    indices: Mapping[str, SobolIndices],
) -> Figure:
    """The domain in the planes of the parameters that the quantities depend on most.

    rejected: names of runs, of which those are shown whose parameters are known. indices: of each quantity.
    """
    infos = surrogate.description.parameters
    names = [info.name for info in infos]
    total = np.sum([one.total[-1] for one in indices.values()], axis=0)
    return domain_figure(
        surrogate.domain,
        names,
        [info.unit for info in infos],
        targets.x,
        {targets.runs[row]: row for row in worst_rows(validation)},
        _parameters_of(study, rejected, names),
        np.argsort(-total, kind="stable").tolist(),
    )


def worst_rows(validation: CrossValidation) -> list[int]:
    """The runs of the largest relative L2 error of any field, in shares of the field's median, the worst first."""
    shares = []
    for errors in validation.errors.values():
        of_field = errors["relative_l2"]
        median = np.median(of_field)
        shares.append(of_field / median if median > 0.0 else np.zeros(len(of_field)))
    largest = np.nan_to_num(np.max(shares, axis=0))
    return [int(row) for row in np.argsort(-largest, kind="stable")[:WORST]]


def _parameters_of(study: Study, runs: Sequence[str], names: Sequence[str]) -> np.ndarray:
    """(k, p) of those runs whose parameters are known."""
    if not runs:
        return np.empty((0, len(names)))
    table = parameter_table(study, study.runs_on_disk())
    rows = [row for run in runs if (row := table.row(run)) is not None]
    return np.array([[row.get(name, np.nan) for name in names] for row in rows]).reshape(-1, len(names))
