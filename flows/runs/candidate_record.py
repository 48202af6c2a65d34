"""What MLflow keeps of a candidate, and of the best one once it is trained on all runs."""

from __future__ import annotations

from collections.abc import Mapping

from fieldwright.flows.report import Judged
from fieldwright.flows.runs.candidate_figures import candidate_figures
from fieldwright.flows.runs.conservation import conservation_errors
from fieldwright.flows.runs.symmetries import equivariance_errors, held_out_errors
from fieldwright.flows.runs.targets import Targets
from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.tracking.mlflow_runs import TrackedRun
from fieldwright.surrogates.fields.quantities import headline_quantities
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.reductions import Reduction
from fieldwright.surrogates.regressors import KindConfig
from fieldwright.surrogates.understanding.responses import response_figure
from fieldwright.surrogates.understanding.sensitivity import (
    sensitivity,
    sensitivity_figure,
    sensitivity_numbers,
)
from fieldwright.surrogates.validation.cross_validation import CrossValidation
from fieldwright.surrogates.validation.test_set import KeptAside


def record_candidate(
    run: TrackedRun,
    study: Study,
    candidate: KindConfig,
    targets: Targets,
    reductions: Mapping[str, Reduction],
    judged: Judged,
    validation: CrossValidation,
) -> None:
    """Settings, errors by predictions of held-out runs, and pictures of one candidate."""
    run.tags({"role": "candidate", "candidate": judged.candidate})
    run.params(candidate.model_dump())
    run.params({"seed": study.seed, "runs": len(targets.runs), "folds": study.validation.folds})
    run.params({f"reduction.{name}": study.reduction_of(name).model_dump_json() for name in study.fields})
    run.metrics({"score": judged.score} | validation.summary())
    run.metrics(held_out_errors(study, targets, validation) | conservation_errors(study, targets, validation))
    for name, figure in candidate_figures(targets, reductions, validation).items():
        run.figure(figure, name)


def record_best(
    run: TrackedRun, study: Study, surrogate: Surrogate, targets: Targets, aside: Targets | None
) -> KeptAside | None:
    """Errors under symmetries, what drives the answers, and what runs kept aside say; None if there are none."""
    run.metrics(equivariance_errors(study, targets, surrogate))
    if targets.parameters and not surrogate.description.history:
        asked = [one for info in surrogate.description.fields for one in headline_quantities(info)]
        indices = sensitivity(surrogate, asked, seed=study.seed)
        run.metrics(sensitivity_numbers(surrogate, indices))
        run.figure(sensitivity_figure(surrogate, indices), "sensitivity.png")
        run.figure(response_figure(surrogate, asked), "responses.png")
    if aside is None:
        return None
    kept = KeptAside.judge(surrogate, aside.x, aside.values)
    run.metrics(kept.summary())
    return kept
