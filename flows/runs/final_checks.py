"""Checks of the best candidate once it is trained on all runs."""

from __future__ import annotations

from collections.abc import Mapping

from fieldwright.flows.runs.symmetries import equivariance_errors
from fieldwright.flows.runs.targets import Targets
from fieldwright.flows.study.runs_study import Study
from fieldwright.surrogates.fields.quantities import Quantity, headline_quantities
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.understanding.sensitivity import sensitivity, sensitivity_numbers
from fieldwright.surrogates.understanding.sobol_indices import SobolIndices
from fieldwright.surrogates.validation.holdout import HoldoutResult


def final_checks(
    study: Study, surrogate: Surrogate, targets: Targets, test: Targets | None
) -> tuple[dict[str, float], Mapping[str, SobolIndices], HoldoutResult | None]:
    """Metrics of symmetries and sensitivities, the sensitivities themselves, and the evaluation on the test set."""
    metrics, indices = equivariance_errors(study, targets, surrogate), sensitivities(study, surrogate)
    metrics |= sensitivity_numbers(surrogate, indices)
    if test is None:
        return metrics, indices, None
    test_set = HoldoutResult.evaluate(surrogate, test.x, test.values)
    return metrics | test_set.summary(), indices, test_set


def sensitivities(study: Study, surrogate: Surrogate) -> dict[str, SobolIndices]:
    """Label to the Sobol indices of each headline quantity; none of a model that is not asked by parameters."""
    queried = shown_quantities(surrogate)
    return sensitivity(surrogate, queried, seed=study.seed) if queried else {}


def shown_quantities(surrogate: Surrogate) -> list[Quantity]:
    """The headline quantities of all fields; none of a model that is not asked by parameters."""
    about = surrogate.description
    if not about.parameters or about.history:
        return []
    return [one for info in about.fields for one in headline_quantities(info)]
