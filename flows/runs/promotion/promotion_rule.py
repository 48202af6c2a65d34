"""The gates of `[promotion]` for runs, by what was held out, and the decision on them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fieldwright.flows.report import RunsEvaluation
from fieldwright.flows.runs.promotion.out_of_fold_coverage import out_of_fold_coverage
from fieldwright.flows.runs.targets import Targets
from fieldwright.flows.study.run_sections import Promotion
from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.tracking.versions.gates import Gate, at_least, at_most, coverage_gate
from fieldwright.flows.tracking.versions.promotion import (
    Challenge,
    Comparison,
    Decision,
    decide_by_comparison,
    decide_by_score,
    no_better_than,
    refused_by_gates,
)
from fieldwright.surrogates.fields.quantities import functional_of, headline_quantities, parsed_quantity
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.validation.cross_validation import CrossValidation
from fieldwright.surrogates.validation.holdout import HoldoutResult


def run_gates(
    study: Study,
    surrogate: Surrogate,
    targets: Targets,
    test: Targets | None,
    validation: CrossValidation,
    test_set: HoldoutResult | None,
) -> list[Gate]:
    """Errors of quantities, coverage and domain, as far as the study sets limits; those of fields are the decision's.

    test, test_set: the runs kept from all training, and what the bands do there; None where the study has none.
    """
    rule, gates = study.promotion, []
    for name, limit in rule.max_error.items():
        if name not in study.outputs:
            gates.append(
                at_most(
                    f"error of {name}",
                    quantity_error(name, targets, validation),
                    limit,
                    "promotion.max_error",
                )
            )
    if rule.min_coverage is not None:
        gates += coverage_gates(rule.min_coverage, study, validation, test_set)
    if rule.min_domain_share is not None:
        x = targets.x if test is None else np.concatenate([targets.x, test.x])
        inside = surrogate.predict(x, fields=(), quantities=()).inside if x.shape[1] else np.ones(len(x))
        gates.append(
            at_least(
                f"share of the present {len(x)} runs inside the domain",
                float(np.mean(inside)),
                rule.min_domain_share,
                "promotion.min_domain_share",
                "%",
            )
        )
    return gates


def quantity_error(label: str, targets: Targets, validation: CrossValidation) -> float:
    """Root mean square of the errors of held-out runs, over that of the true values; raises QueryError."""
    quantity = parsed_quantity(label, targets.fields)
    info = next(one for one in targets.fields if one.name == quantity.field)
    values = validation.quantities[functional_of(quantity, info)]
    size = float(np.sqrt(np.mean(np.square(values.true))))
    return float(np.sqrt(np.mean(np.square(values.mean - values.true)))) / (size or 1.0)


def coverage_gates(
    least: float,
    study: Study,
    validation: CrossValidation,
    test_set: HoldoutResult | None,
) -> list[Gate]:
    """One for each field: on the test set, else of held-out runs by the bands that the other folds calibrate."""
    if test_set is not None:
        return [
            coverage_gate(
                f"coverage of {name} on the {test_set.runs} test runs", one.pointwise, test_set.runs, least
            )
            for name, one in test_set.fields.items()
        ]
    number = len(np.unique(validation.place))
    return [
        coverage_gate(f"coverage of {name} on {number} held-out runs", share, number, least)
        for name, share in out_of_fold_coverage(study, validation).items()
    ]


def decide_on_runs(
    rule: Promotion,
    metric: str,
    best: RunsEvaluation,
    challenge: Challenge,
    gates: Sequence[Gate] = (),
    comparison: Comparison | None = None,
) -> Decision:
    """Compares the best candidate with the limits, with the mean of the runs and with the present champion.

    gates: others than the errors of fields. comparison: with the champion on the same runs; None where it cannot be
    asked for them, and the scores are compared.
    """
    errors = [
        at_most(f"mean relative L2 error of '{name}'", best.relative_l2[name], limit, "promotion.max_error")
        for name, limit in rule.max_error.items()
        if name in best.relative_l2
    ]
    all_gates = (*errors, *gates, *challenge.gates)
    refusal = refused_by_gates(all_gates)
    if refusal is not None:
        return refusal
    if best.no_better and not rule.allow_no_better:
        beside = "; ".join(
            f"the mean relative L2 error of '{field}' is {best.relative_l2[field]:.3g}, that of the mean "
            f"{best.mean_relative_l2[field]:.3g}"
            for field in best.no_better
        )
        return no_better_than("the mean of the runs", beside, all_gates)
    if comparison is not None:
        return decide_by_comparison(comparison, rule.min_improvement, all_gates)
    return decide_by_score(best.score, metric, rule.min_improvement, challenge, all_gates)


def ask_once(surrogate: Surrogate, targets: Targets) -> object:
    """Asks the surrogate for the usual quantities of one run, as an endpoint does."""
    quantities = [one for info in surrogate.description.fields for one in headline_quantities(info)]
    return surrogate.predict(
        targets.x[:1], fields=(), quantities=quantities, history=surrogate.typical_history()
    )
