"""The pictures of the best candidate once it is trained on all runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, partial

from fieldwright.flows.pictures import Picture
from fieldwright.flows.runs.figures.domain_picture import domain_picture
from fieldwright.flows.runs.final_checks import sensitivities, shown_quantities
from fieldwright.flows.runs.targets import Targets
from fieldwright.flows.study.runs_study import Study
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.understanding.responses import response_figure
from fieldwright.surrogates.understanding.sensitivity import sensitivity_figure
from fieldwright.surrogates.understanding.sobol_indices import SobolIndices
from fieldwright.surrogates.validation.cross_validation import CrossValidation


def final_figures(
    study: Study,
    surrogate: Surrogate,
    targets: Targets,
    validation: CrossValidation,
    rejected: Sequence[str],
    indices: Mapping[str, SobolIndices] | None = None,
) -> dict[str, Picture]:
    """File name to picture: what quantities depend on and how, and the domain of the runs.

    rejected: names of runs. indices: of each quantity, found again where they are not given.
    """
    quantities = shown_quantities(surrogate)
    if not quantities:
        return {}

    @cache
    def sobol() -> Mapping[str, SobolIndices]:
        return sensitivities(study, surrogate) if indices is None else indices

    return {
        "sensitivity.png": lambda: sensitivity_figure(surrogate, dict(sobol())),
        "responses.png": partial(response_figure, surrogate, quantities),
        "domain.png": lambda: domain_picture(study, surrogate, targets, validation, rejected, sobol()),
    }
