"""The sections of a report on fields, of runs that differ by parameters or of shapes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from fieldwright.data.output.written_numbers import number_text
from fieldwright.flows.pictures import picture_bytes
from fieldwright.flows.report import PipelineReport
from fieldwright.flows.study_report import sentences as say
from fieldwright.flows.study_report.common_sections import (
    candidates_section,
    data_section,
    decision_section,
    notes_section,
    query_section,
    short,
)
from fieldwright.flows.study_report.coverage_figure import coverage_figure
from fieldwright.flows.study_report.embedded_figures import embedded, embedded_figure
from fieldwright.flows.study_report.page import ReportSection, ReportTable
from fieldwright.flows.study_report.pipeline_facts import PipelineFacts
from fieldwright.surrogates.fields.quantities import headline_quantities, unit_of
from fieldwright.surrogates.fields.surrogate import Surrogate

MOST_SENTENCES = 8
"""Of one kind, one a field or a quantity."""


def fields_sections(facts: PipelineFacts) -> tuple[list[str], list[ReportSection]]:
    """The most important sentences, and all sections in their order."""
    about = facts.about
    shapes = "geometry" in about
    data = data_section(facts, _parts(facts))
    errors = _errors(facts)
    coverage, learning = _coverage(facts, about), _learning(facts, about)
    candidates = candidates_section(facts, _candidates_table(facts))
    understanding = _understanding(facts)
    sections = [
        data,
        *_spectra(facts, about),
        candidates,
        errors,
        _worst(facts, about, shapes),
        coverage,
        *learning,
        *understanding,
        _domain(facts, about),
        decision_section(facts.report),
        *notes_section(facts),
        _query(facts, about),
    ]
    summary = [
        candidates.sentences[0],
        *errors.sentences[:MOST_SENTENCES],
        *coverage.sentences[:1],
        *(one.sentences[0] for one in (*(learning if facts.learning else ()), *understanding)),
    ]
    return summary, sections


def _parts(facts: PipelineFacts) -> tuple[str, ...]:
    report = facts.report
    assert isinstance(report, PipelineReport)
    if report.test_set is None:
        return ()
    return (f"{report.test_set.runs} of them are the test set, from which nothing was learned or selected.",)


def _candidates_table(facts: PipelineFacts) -> ReportTable:
    report = facts.report
    assert isinstance(report, PipelineReport)
    fields = list(report.evaluations[0].relative_l2)
    rows = tuple(
        (
            one.title,
            short(one.score),
            short(one.standard_error),
            *(short(one.relative_l2[name]) for name in fields),
            f"{one.fit_seconds:.1f}",
        )
        for one in report.evaluations
    )
    head = (
        "candidate",
        report.metric,
        "standard error",
        *(f"relative L2 of {name}" for name in fields),
        "fit, s",
    )
    best = next(k for k, one in enumerate(report.evaluations) if one.candidate == report.best)
    return ReportTable("Candidates; of each field the mean over runs that were held out", head, rows, best)


def _spectra(facts: PipelineFacts, about: Mapping[str, Any]) -> list[ReportSection]:
    metrics = facts.metrics
    sentences = tuple(
        say.spectrum_sentence(
            one["name"],
            int(metrics[f"{one['name']}.rank"]),
            metrics[f"{one['name']}.projection_error"],
            about["errors"].get(one["name"], {}).get("fluctuation_l2.mean"),
        )
        for one in about["fields"]
        # A scalar has no modes but itself.
        if f"{one['name']}.rank" in metrics and one["on"] != "run"
    )
    figures = embedded(
        facts.figures,
        {f"{name}_ranks.png": f"What each rank leaves out of {name}." for name in _names(about)}
        | {f"{name}_modes.png": f"The first modes of {name} on the mesh." for name in _names(about)},
    )
    return [ReportSection("Spectra and modes", sentences, figures)] if sentences else []


def _names(about: Mapping[str, Any]) -> list[str]:
    return [one["name"] for one in about["fields"]]


def _errors(facts: PipelineFacts) -> ReportSection:
    about = facts.about
    samples = "shapes held out" if "geometry" in about else "runs"
    sentences = tuple(
        say.error_sentence(name, one, samples) for name, one in about["errors"].items() if _has(one)
    )
    figures = embedded(
        facts.figures,
        {
            f"{name}_predicted_against_true.png": f"{name}: predictions for what was held out over the true values; "
            "exact ones lie on the line."
            for name in _names(about)
        },
    )
    return ReportSection("Predicted against true", sentences, figures)


def _has(errors: Mapping[str, float]) -> bool:
    return {"relative_l2.median", "relative_l2.max"} <= set(errors)


def _worst(facts: PipelineFacts, about: Mapping[str, Any], shapes: bool) -> ReportSection:
    sentences = []
    for name, errors in about["errors"].items():
        if _has(errors) and errors["relative_l2.median"] > 0.0:
            ratio = number_text(errors["relative_l2.max"] / errors["relative_l2.median"], 2)
            sentences.append(f"The worst case of {name} has {ratio} times the median error.")
    ends = ("worst_shape", "median_shape") if shapes else ("worst_run",)
    figures = embedded(
        facts.figures,
        {
            f"{name}_{end}.png": f"{name}, {end.replace('_', ' ')}: true, predicted, and the difference."
            for name in _names(about)
            for end in ends
        },
    )
    return ReportSection("Worst cases", tuple(sentences), figures)


def _coverage(facts: PipelineFacts, about: Mapping[str, Any]) -> ReportSection:
    achievable = about.get("achievable") or {}
    low, high = achievable.get("low"), achievable.get("high")
    observed = {
        name: facts.metrics[f"{name}.{key}"]
        for name in _names(about)
        for key in ("coverage", "covered")
        if f"{name}.{key}" in facts.metrics
    }
    sentences = [
        say.coverage_sentence(name, share, about["coverage"], low, high)
        for name, share in sorted(observed.items(), key=lambda one: one[1])
    ]
    sentences += _widths(facts)
    parts: list[Any] = []
    if observed:
        words = "Share of the values of held-out runs within their bands, beside the share that was promised"
        figure = coverage_figure(observed, about["coverage"], low, high)
        parts.append(embedded_figure(picture_bytes(figure), words))
    test_set = getattr(facts.report, "test_set", None)
    if test_set is not None:
        parts.append(_test_set_table(test_set))
        sentences.append(
            f"{test_set.inside} of the {test_set.runs} runs of the test set lie in the domain; so few runs leave "
            f"± {test_set.uncertainty:.0%} to chance."
        )
    return ReportSection("Coverage and width of the bands", tuple(sentences), tuple(parts))


def _widths(facts: PipelineFacts) -> list[str]:
    """The bands in the middle of the domain, of a model that is asked by its parameters."""
    model = facts.model
    if not isinstance(model, Surrogate) or model.description.history:
        return []
    infos = model.description.parameters
    x = np.array([[0.5 * (info.minimum + info.maximum) for info in infos]])
    quantities = [one for info in model.description.fields for one in headline_quantities(info)]
    quantities = [one for one in quantities if one.what == "max"][:MOST_SENTENCES]
    answer = model.predict(x, (), quantities)
    sentences = []
    for one in quantities:
        band, info = answer.quantities[one.label], model.info(one.field)
        mean, lower, upper = (
            float(part.reshape(1, -1)[0, -1]) for part in (band.mean, band.lower, band.upper)
        )
        sentences.append(say.width_sentence(one.label, mean, lower, upper, unit_of(one, info)))
    return sentences


def _test_set_table(test_set: Any) -> ReportTable:
    rows = tuple(
        (
            name,
            f"{one.pointwise:.1%}",
            short(one.width),
            f"{one.simultaneous:.1%}",
            short(one.simultaneous_width),
            short(one.error),
        )
        for name, one in (test_set.fields | test_set.quantities).items()
    )
    head = ("of", "values covered", "width, stds", "whole runs covered", "width, stds", "mean relative L2")
    return ReportTable(
        f"Test set of {test_set.runs} runs; nominal coverage {test_set.coverage:.0%}", head, rows
    )


def _learning(facts: PipelineFacts, about: Mapping[str, Any]) -> list[ReportSection]:
    if "geometry" in about:
        return []
    if not facts.learning:
        sentence = (
            f"No learning curve of {facts.report.best} has been drawn, which would take long or has too few runs: "
            f"`fieldwright learn {facts.study_file}` draws one, and the next report shows it."
        )
        return [ReportSection("Learning curve", (sentence,))]
    from fieldwright.surrogates.design.figures import learning_figure

    sizes, trainings = next(iter(facts.learning.values())).errors.shape
    sentences = (
        *(say.learning_sentence(name, curve, about["n_runs"]) for name, curve in facts.learning.items()),
        f"The curve goes through {sizes} numbers of runs, with {trainings} trainings at each; "
        f"`fieldwright learn {facts.study_file} --repeats 10` draws a finer one.",
    )
    words = "Error of held-out runs against the number of runs trained on, with the power law through it"
    figure = embedded_figure(picture_bytes(learning_figure(facts.learning, {})), words)
    return [ReportSection("Learning curve", sentences, (figure,))]


def _understanding(facts: PipelineFacts) -> list[ReportSection]:
    shares = sobol_shares(facts.metrics)
    sentences = tuple(
        say.sensitivity_sentence(quantity, orders["first"], orders["total"])
        for quantity, orders in shares.items()
    )
    figures = embedded(
        facts.figures,
        {
            "sensitivity.png": "Sobol indices over the ranges of the runs: each parameter alone, and together.",
            "responses.png": "How each quantity goes with each parameter while the others stay in the middle.",
        },
    )
    return (
        [ReportSection("Sensitivities and responses", sentences[:MOST_SENTENCES], figures)]
        if sentences
        else []
    )


def sobol_shares(metrics: Mapping[str, float]) -> dict[str, dict[str, dict[str, float]]]:
    """Quantity to order ("first", "total") to parameter to index, of "sobol.<quantity>.<parameter>.<order>"."""
    shares: dict[str, dict[str, dict[str, float]]] = {}
    for name, value in metrics.items():
        if name.startswith("sobol.") and np.isfinite(value):
            start, _, order = name.removeprefix("sobol.").rpartition(".")
            quantity, _, parameter = start.partition(").")
            shares.setdefault(f"{quantity})", {"first": {}, "total": {}})[order][parameter] = value
    return shares


def _domain(facts: PipelineFacts, about: Mapping[str, Any]) -> ReportSection:
    infos = [*about["parameters"], *about.get("geometry", {}).get("descriptors", ())]
    rows = tuple(
        (one["name"], number_text(one["minimum"], 6), number_text(one["maximum"], 6), one["unit"] or "-")
        for one in infos
    )
    sentences = (
        "A query is inside where every value lies in its range and the training runs are as near as they are to one "
        "another; each answer says so (`inside`), how far out it lies (`outside`) and why (`why`).",
        "Outside, an answer is an extrapolation, and no band is promised.",
    )
    if not rows:
        return ReportSection("Domain of use", sentences)
    table = ReportTable(
        "Ranges of the training runs", ("parameter", "least", "most", "unit"), rows, text_columns=(3,)
    )
    words = (
        "The training runs in the planes of the parameters that matter most, with those predicted worst and those "
        "rejected. Grey is the domain where all other parameters are in the middle of their ranges; white is outside."
    )
    return ReportSection("Domain of use", sentences, (*embedded(facts.figures, {"domain.png": words}), table))


def _query(facts: PipelineFacts, about: Mapping[str, Any]) -> ReportSection:
    values = {
        one["name"]: float(number_text(0.5 * (one["minimum"] + one["maximum"]), 4))
        for one in about["parameters"]
    }
    if "geometry" in about:
        geometry = about["geometry"]
        body = json.dumps({"outline": square_outline(geometry), **({"parameters": values} if values else {})})
        python = "band = model.predict(distance, x)  # (n, rows, columns): signed distance to the shapes"
        return query_section(facts, "/predict", body, python)
    columns = ", ".join(f'"{name}": [{number_text(value)}]' for name, value in values.items())
    python = f"band = model.predict({{{columns}}})\nband.mean, band.lower, band.upper, band.inside, band.why"
    words = " ".join(f"{name}={number_text(value)}" for name, value in values.items())
    if about["history"]:
        words = ""
    return query_section(facts, "/predict", json.dumps({"parameters": values}), python, words)


def square_outline(geometry: Mapping[str, Any]) -> list[list[float]]:
    """The outline of a square in the middle of the grid."""
    (y0, x0), (dy, dx), (rows, columns) = geometry["origin"], geometry["spacing"], geometry["shape"]
    x, y = x0 + 0.5 * dx * (columns - 1), y0 + 0.5 * dy * (rows - 1)
    half = 0.15 * min(abs(dx) * (columns - 1), abs(dy) * (rows - 1))
    corners = ((1, 1), (-1, 1), (-1, -1), (1, -1))
    return [[round(x + half * right, 6), round(y + half * up, 6)] for right, up in corners]
