"""The sections of a report on photos."""

from __future__ import annotations

from fieldwright.flows.photos.report import MOST_ROWS, SHOWN, PhotoReport
from fieldwright.flows.study_report.common_sections import (
    candidates_section,
    data_section,
    decision_section,
    notes_section,
    query_section,
    short,
)
from fieldwright.flows.study_report.embedded_figures import embedded
from fieldwright.flows.study_report.page import ReportCode, ReportSection, ReportTable
from fieldwright.flows.study_report.pipeline_facts import PipelineFacts
from fieldwright.flows.study_report.sentences import percent

CURVES = ("test_roc_and_precision_recall.png", "test_precision_recall.png")


def photos_sections(facts: PipelineFacts) -> tuple[list[str], list[ReportSection]]:
    """The most important sentences, and all sections in their order."""
    report, about = facts.report, facts.about
    assert isinstance(report, PhotoReport)
    counts = ", ".join(f"{number} {part}" for part, number in report.parts.items())
    data = data_section(
        facts,
        (
            f"Parts: {counts}; the test photos were used for nothing else.",
            *(
                (f"{report.near_duplicates} pairs of near-duplicates stand on one side of every split.",)
                if report.near_duplicates
                else ()
            ),
        ),
    )
    candidates = candidates_section(facts, _table(report))
    test = _test_section(facts, report)
    share = about.get("coverage")
    band = () if share is None else (f"The band round a probability is made for {share:.0%} of new photos.",)
    coverage = ReportSection(
        "Coverage and width of the bands",
        (
            *band,
            f"On test photos stated probabilities miss the share of cracks by {percent(report.test['ece'])}.",
        ),
        embedded(
            facts.figures,
            {"test_calibration.png": "Stated probabilities beside the share of cracks, test photos."},
        ),
    )
    domain = ReportSection(
        "Domain of use",
        (
            "Each answer says whether the photo resembles those learned from (`inside`), and why not (`why`).",
            "A photo that lies outside is answered all the same; its probability promises nothing.",
        ),
    )
    examples = ReportSection(
        "Worst cases",
        (
            "What the model says of photos that it has not learned from, those of the largest errors among them.",
        ),
        embedded(
            facts.figures,
            {
                name: f"{name.removesuffix('.png').replace('_', ' ')}."
                for name in facts.figures
                if name.startswith("test_examples")
            },
        ),
    )
    sections = [
        data,
        *_labels_section(report),
        candidates,
        test,
        examples,
        coverage,
        domain,
        decision_section(report),
        *notes_section(facts),
        _query(facts, report),
    ]
    return [candidates.sentences[0], *test.sentences[:2], coverage.sentences[-1]], sections


def _labels_section(report: PhotoReport) -> list[ReportSection]:
    masks = report.suspected_masks
    if not masks:
        return []
    left_out, down_weighted = sum(one.left_out for one in masks), sum(one.weight < 1.0 for one in masks)
    sentences = (
        f"{len(masks)} mask{'s differ' if len(masks) > 1 else ' differs'} from what "
        "networks that had not learned from the photo are sure of: look at them.",
        *((f"{left_out} of them are left out of training and validation.",) if left_out else ()),
        *((f"Candidates learn less from {down_weighted} of them.",) if down_weighted else ()),
    )
    rows = tuple((one.name, one.place, f"{one.score:.2f}", one.sentence) for one in masks[:MOST_ROWS])
    table = ReportTable(
        "Masks to be looked at, the worst first",
        ("photo", "part", "score", "what differs"),
        rows,
        text_columns=(1, 3),
    )
    return [ReportSection("Masks to be looked at", sentences, (table,))]


def _table(report: PhotoReport) -> ReportTable:
    names = list(dict.fromkeys((report.metric, *SHOWN[report.kind])))
    rows = tuple(
        (one.candidate, *(short(one.metrics[name]) for name in names), f"{one.fit_seconds:.0f}")
        for one in report.evaluations
    )
    best = next(k for k, one in enumerate(report.evaluations) if one.candidate == report.best)
    return ReportTable("Candidates on the validation photos", ("candidate", *names, "fit, s"), rows, best)


def _test_section(facts: PipelineFacts, report: PhotoReport) -> ReportSection:
    names = [name for name in dict.fromkeys((report.metric, *SHOWN[report.kind])) if name in report.test]
    if report.kind == "classification":
        sentences = (
            f"Of the cracked test photos {percent(report.test['recall'])} are found, and "
            f"{percent(report.test['precision'])} of those called cracked are.",
        )
    else:
        sentences = (
            f"On test photos the F1 of crack pixels is {short(report.test['f1'])}; where 2 pixels beside the true "
            f"crack count as found, it is {short(report.test['f1_2px'])}.",
        )
    rows = tuple((name, short(report.test[name])) for name in names)
    table = ReportTable(
        f"{report.best} on {report.parts.get('test', 0)} test photos", ("measure", "value"), rows
    )
    curves = embedded(facts.figures, dict.fromkeys(CURVES, "Curves over all thresholds, test photos."))
    return ReportSection("Predicted against true", sentences, (table, *curves))


def _query(facts: PipelineFacts, report: PhotoReport) -> ReportSection:
    route = "classify" if report.kind == "classification" else "segment"
    section = query_section(
        facts, f"/{route}", "", "answer = model.predict(photo)  # (height, width, 3) uint8"
    )
    curl = f"fieldwright serve {facts.study_file}\ncurl -s http://127.0.0.1:3000/{route} -F photo=@wall.jpg"
    parts = (ReportCode("Over HTTP, from any program:", curl), *section.parts[1:])
    return ReportSection(section.title, (f"The champion is asked in {len(parts)} ways.",), parts)
