"""Checks of the best candidate once it is trained on all runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fieldwright.flows.runs.symmetries import equivariance_errors
from fieldwright.flows.runs.targets import Targets
from fieldwright.flows.study.runs_study import Study
from fieldwright.surrogates.fields.quantities import headline_quantities
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.understanding.responses import response_figure
from fieldwright.surrogates.understanding.sensitivity import (
    sensitivity,
    sensitivity_figure,
    sensitivity_numbers,
)
from fieldwright.surrogates.validation.holdout import HoldoutResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def final_checks(
    study: Study, surrogate: Surrogate, targets: Targets, test: Targets | None
) -> tuple[dict[str, float], Callable[[], dict[str, Figure]], HoldoutResult | None]:
    """Metrics of symmetries and sensitivities, what draws their figures, and the evaluation on the test set."""
    metrics, draw = equivariance_errors(study, targets, surrogate), dict
    if targets.parameters and not surrogate.description.history:
        quantities = [one for info in surrogate.description.fields for one in headline_quantities(info)]
        indices = sensitivity(surrogate, quantities, seed=study.seed)
        metrics |= sensitivity_numbers(surrogate, indices)

        def draw() -> dict[str, Figure]:
            return {
                "sensitivity.png": sensitivity_figure(surrogate, indices),
                "responses.png": response_figure(surrogate, quantities),
            }

    if test is None:
        return metrics, draw, None
    test_set = HoldoutResult.evaluate(surrogate, test.x, test.values)
    return metrics | test_set.summary(), draw, test_set
