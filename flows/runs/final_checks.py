"""Checks of the best candidate once it is trained on all runs."""

from __future__ import annotations

from matplotlib.figure import Figure

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


def final_checks(
    study: Study, surrogate: Surrogate, targets: Targets, test: Targets | None
) -> tuple[dict[str, float], dict[str, Figure], HoldoutResult | None]:
    """Metrics and figures of symmetries and sensitivities, and the evaluation on the test set."""
    metrics, figures = equivariance_errors(study, targets, surrogate), {}
    if targets.parameters and not surrogate.description.history:
        quantities = [one for info in surrogate.description.fields for one in headline_quantities(info)]
        indices = sensitivity(surrogate, quantities, seed=study.seed)
        metrics |= sensitivity_numbers(surrogate, indices)
        figures["sensitivity.png"] = sensitivity_figure(surrogate, indices)
        figures["responses.png"] = response_figure(surrogate, quantities)
    if test is None:
        return metrics, figures, None
    test_set = HoldoutResult.evaluate(surrogate, test.x, test.values)
    return metrics | test_set.summary(), figures, test_set
