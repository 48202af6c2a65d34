"""The sections of a report on the solution of an equation."""

from __future__ import annotations

import json

from fieldwright.data.output.written_numbers import number_text
from fieldwright.flows.equations.report import ProblemReport
from fieldwright.flows.study_report.common_sections import (
    candidates_section,
    decision_section,
    notes_section,
    query_section,
    short,
)
from fieldwright.flows.study_report.embedded_figures import embedded
from fieldwright.flows.study_report.page import ReportSection, ReportTable
from fieldwright.flows.study_report.pipeline_facts import PipelineFacts
from fieldwright.flows.study_report.sentences import percent


def equation_sections(facts: PipelineFacts) -> tuple[list[str], list[ReportSection]]:
    """The most important sentences, and all sections in their order."""
    report, about = facts.report, facts.about
    assert isinstance(report, ProblemReport)
    best = next(one for one in report.evaluations if one.candidate == report.best)
    measured = f"{report.measured} measured values" if report.measured else "no measurements"
    data = ReportSection(
        "Data", (f"The equation '{report.equation}' was solved, with {measured}.", *_estimates(report, best))
    )
    candidates = candidates_section(facts, _table(report))
    solution = ReportSection(
        "Solution and error",
        (*_errors(best), *_unit_errors(about)),
        embedded(
            facts.figures,
            {
                f"{one['name']}.png": f"{one['name']} over the domain, with its residual, and its error where a "
                "reference is there."
                for one in about["outputs"]
            },
        ),
    )
    convergence = ReportSection(
        "Convergence",
        tuple(
            f"{one.candidate}: {one.verdict}; {one.sign.rstrip('.')}."
            + ("" if one.converged else f" {one.advice}.")
            for one in report.evaluations
        ),
        embedded(facts.figures, {"convergence.png": "Held-out residual and losses against the steps."}),
    )
    sections = [
        data,
        candidates,
        convergence,
        solution,
        _bands(about),
        _domain(about),
        decision_section(report),
        *notes_section(facts),
        _query(facts, about),
    ]
    return [*convergence.sentences[:1], *solution.sentences[:2], *_estimates(report, best)], sections


def _estimates(report: ProblemReport, best) -> tuple[str, ...]:
    sentences = []
    for name, value in report.estimates.items():
        std = best.estimate_stds.get(name)
        beside = "" if std is None else f" ± {number_text(std, 2)} (one standard error)"
        sentences.append(f"Found from the measurements: {name} = {number_text(value, 6)}{beside}.")
    return tuple(sentences)


def _errors(best) -> list[str]:
    sentences = [
        f"The relative residual on held-out points is {number_text(best.score, 2)}; {number_text(best.tolerance, 2)} "
        "was asked for."
    ]
    sentences += [
        f"{name} differs from the reference by {percent(error)} (relative L2)."
        for name, error in best.errors.items()
    ]
    if best.error_bound is not None:
        sentences.append(f"Theory bounds the root-mean-square error by {number_text(best.error_bound, 2)}.")
    return sentences


def _unit_errors(about) -> list[str]:
    """The largest estimated errors over the grid of parameters, where the estimate says anything."""
    largest: dict[str, float] = {}
    for one in about["accuracy"]:
        for name, error in one["errors"].items():
            largest[name] = max(error, largest.get(name, 0.0))
    units = {one["name"]: one["unit"] for one in about["outputs"]}
    return [
        f"The estimated error of {name} is at most {number_text(error, 2)} {units.get(name, '')}".rstrip()
        + "."
        for name, error in largest.items()
    ]


def _table(report: ProblemReport) -> ReportTable:
    outputs = list(report.evaluations[0].errors)
    rows = tuple(
        (
            one.candidate,
            one.verdict,
            short(one.score),
            short(one.tolerance),
            *(short(one.errors.get(name)) for name in outputs),
            f"{one.fit_seconds:.1f}",
        )
        for one in report.evaluations
    )
    head = (
        "candidate",
        "verdict",
        "residual",
        "tolerance",
        *(f"error of {name}" for name in outputs),
        "fit, s",
    )
    best = next(k for k, one in enumerate(report.evaluations) if one.candidate == report.best)
    return ReportTable("Candidates by the residual on held-out points", head, rows, best, text_columns=(1,))


def _bands(about) -> ReportSection:
    spread = "" if about["members"] == 1 else f"the spread of the {about['members']} networks and "
    return ReportSection(
        "Coverage and width of the bands",
        (
            f"A band is made of {spread}the error that is estimated from the residual at the point.",
            "Bands of a solution promise no probability.",
        ),
    )


def _domain(about) -> ReportSection:
    rows = tuple(
        (
            one["name"],
            kind,
            number_text(one["minimum"], 6),
            number_text(one["maximum"], 6),
            one["unit"] or "-",
        )
        for kind in ("coordinates", "parameters")
        for one in about[kind]
    )
    table = ReportTable(
        "Where the equation was solved", ("name", "kind", "least", "most", "unit"), rows, text_columns=(1, 4)
    )
    sentence = "Outside of these ranges nothing was trained, and an answer is marked `inside = false`."
    return ReportSection("Domain of use", (sentence,), (table,))


def _query(facts: PipelineFacts, about) -> ReportSection:
    def middle(kind: str) -> dict[str, float]:
        return {
            one["name"]: float(number_text(0.5 * (one["minimum"] + one["maximum"]), 4)) for one in about[kind]
        }

    points, parameters = middle("coordinates"), middle("parameters")
    body = {"points": [list(points.values())], **({"parameters": parameters} if parameters else {})}
    python = f"values = model.predict({[list(points.values())]}{f', {parameters}' if parameters else ''})"
    words = " ".join(f"{name}={number_text(value)}" for name, value in (points | parameters).items())
    return query_section(facts, "/solve", json.dumps(body), python, words)
