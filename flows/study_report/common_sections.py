"""The sections that the reports of all families have: data, candidates, decision, how to query."""

from __future__ import annotations

from collections import Counter

from fieldwright.data.output.written_numbers import number_text
from fieldwright.flows.pictures import picture_bytes
from fieldwright.flows.report import Report
from fieldwright.flows.study_report.candidates_figure import candidates_figure
from fieldwright.flows.study_report.embedded_figures import embedded_figure
from fieldwright.flows.study_report.page import ReportCode, ReportSection, ReportTable
from fieldwright.flows.study_report.pipeline_facts import PipelineFacts
from fieldwright.flows.study_report.sentences import (
    acceptance_sentence,
    comparison_sentence,
    no_better_sentences,
    not_worth_it_sentences,
)

MOST_REJECTED = 40
"""Rows of the table of what was rejected."""


def data_section(facts: PipelineFacts, more: tuple[str, ...] = ()) -> ReportSection:
    """What came in, and what was rejected with its reasons."""
    ingested = facts.report.ingested
    reasons = Counter(reason for _, reason, _ in ingested.rejected)
    sentences = (
        acceptance_sentence(facts.samples, len(ingested.accepted), len(ingested.rejected), reasons),
        *more,
        *(f"{note.rstrip('.')}." for note in ingested.notes),
    )
    if not ingested.rejected:
        return ReportSection("Data", sentences)
    left_out = len(ingested.rejected) - MOST_REJECTED
    caption = (
        "Rejected"
        if left_out <= 0
        else f"Rejected, the first {MOST_REJECTED}; {left_out} more in rejected.json"
    )
    table = ReportTable(
        caption, ("name", "reason", "what is wrong"), ingested.rejected[:MOST_REJECTED], text_columns=(1, 2)
    )
    return ReportSection("Data", sentences, (table,))


def candidates_section(facts: PipelineFacts, table: ReportTable) -> ReportSection:
    """How the candidates compare, with the spread of their scores."""
    report = facts.report
    words = f"Score of each candidate, {report.metric}, lower is better"
    if any(getattr(one, "standard_error", None) is not None for one in report.evaluations):
        words += "; lines show two standard errors"
    return ReportSection(
        "Comparison of candidates",
        (
            comparison_sentence(report.evaluations, report.best, report.metric),
            *no_better_sentences(report.evaluations),
            *not_worth_it_sentences(report.evaluations, facts.samples, len(report.ingested.accepted)),
        ),
        (table,)
        if len(report.evaluations) == 1
        else (embedded_figure(picture_bytes(candidates_figure(report)), words), table),
    )


def decision_section(report: Report) -> ReportSection:
    """Whether the version was promoted, and by what."""
    sentences = (verdict(report), *((f"Compared: {report.compared}.",) if report.compared else ()))
    if not report.gates:
        return ReportSection("Promotion", sentences)
    table = ReportTable(
        "Gates of the promotion", ("gate", "value", "limit", "outcome"), report.gates, text_columns=(2, 3)
    )
    return ReportSection("Promotion", sentences, (table,))


def verdict(report: Report) -> str:
    """The decision in one sentence."""
    state = "is champion" if report.promoted else "was not promoted"
    return f"Version {report.version} ({report.best}) {state}: {report.why}."


def notes_section(facts: PipelineFacts) -> tuple[ReportSection, ...]:
    """What must be known of the model, if anything."""
    notes = tuple(f"{note.rstrip('.')}." for note in (*facts.report.notes, *facts.undrawn))
    return (ReportSection("Notes", notes),) if notes else ()


def query_section(
    facts: PipelineFacts, route: str, body: str, python: str, terminal: str = ""
) -> ReportSection:
    """How the model is asked: by curl, from Python and in the terminal.

    route: of the endpoint. body: the JSON of an example. python: arguments of a call, as in a program.
    """
    name, file = facts.report.study, facts.study_file
    curl = f"fieldwright serve {file}\ncurl -s http://127.0.0.1:3000{route} \\\n"
    curl += f"  -H 'Content-Type: application/json' \\\n  -d '{body}'"
    load = f'import fieldwright as fw\n\nmodel = fw.load("models:/{name}@champion")\n{python}'
    parts = [
        ReportCode("Over HTTP, from any program:", curl),
        ReportCode("From Python, without a server:", load),
    ]
    if terminal:
        parts.append(ReportCode("In the terminal:", f"fieldwright predict {file} {terminal}"))
    parts.append(ReportCode("On its page in the browser:", f"fieldwright open {file}"))
    return ReportSection(
        "How to query",
        (f"The champion is asked in {len(parts)} ways; all give the same numbers.",),
        tuple(parts),
    )


def short(value: float | None) -> str:
    """A number of a table."""
    return "-" if value is None else number_text(float(value), 3) if value == value else "not a number"
