"""The families of studies: the one place where a new one is made known to the commands and to the workflow."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from fieldwright.flows.report import Ingested, Report
    from fieldwright.flows.steps import Steps
    from fieldwright.flows.study.file import StudyFile
    from fieldwright.flows.study_report.page import ReportSection
    from fieldwright.flows.study_report.pipeline_facts import PipelineFacts
    from fieldwright.flows.tracking.mlflow_runs import Tracking


@dataclass(frozen=True)
class StudyFamily:
    """One family of studies; everything of it is named as "module:name" and imported when it is needed.

    Attributes
    ----------
    subject
        In words that follow "a study of"; what `StudyFile.subject` and the model families call it.
    key
        Of its study files, which no other family has; empty for the one that is met where no key is.
    study
        The class of the study file.
    steps
        What it brings to the workflow: a class for each form of its studies, see `StudyFile.form`.
    state
        Prints the accepted and rejected runs or photos and returns whether there are any; empty where there are none.
    report
        The class of the reports of its pipelines.
    unchanged
        What came in with earlier pipelines and its digest, where there is nothing new to read, else None; empty where
        this cannot be said without the work itself.
    printed
        Prints a report, and returns the notes for its end.
    sections
        The most important sentences of a report's page, and its sections.
    first_study
        The text of a first study file, from what is given, a folder or the name of an equation.
    inspect
        Prints what a folder holds; empty where it is no folder that is learned from.
    """

    subject: str
    key: str
    study: str
    steps: Mapping[str, str]
    report: str
    printed: str
    sections: str
    first_study: str
    unchanged: str = ""
    state: str = ""
    inspect: str = ""

    def study_class(self) -> type[StudyFile]:
        """The class of its study files."""
        return pkgutil.resolve_name(self.study)

    def steps_of(self, study: StudyFile, tracking: Tracking) -> Steps[Any, Any]:
        """What the study brings to the workflow."""
        return _resolve(self.steps[study.form])(study, tracking)

    def print_state(self, study: StudyFile, console: Console) -> bool:
        """Prints the accepted and rejected runs or photos; returns whether there are any."""
        return not self.state or _resolve(self.state)(study, console)

    def report_class(self) -> type[Report]:
        """The class of the reports of its pipelines."""
        return pkgutil.resolve_name(self.report)

    def unchanged_data(self, study: StudyFile) -> tuple[Ingested, str] | None:
        """What came in and its digest, where it is known that there is nothing new to read; else None."""
        return _resolve(self.unchanged)(study) if self.unchanged else None

    def print_report(self, console: Console, report: Report) -> Sequence[str]:
        """Prints a report of this family; returns the notes for its end."""
        return _resolve(self.printed)(console, report)

    def report_sections(self, facts: PipelineFacts) -> tuple[list[str], list[ReportSection]]:
        """The most important sentences of a report's page, and its sections in their order."""
        return _resolve(self.sections)(facts)

    def first_study_text(self, source: Any, beside: Path, candidates: Sequence[str]) -> str:
        """The text of a first study file, to lie in the folder `beside`; raises FieldwrightError."""
        return _resolve(self.first_study)(source, beside, candidates)

    def print_inspection(self, folder: Path, console: Console) -> None:
        """Prints what the folder holds."""
        _resolve(self.inspect)(folder, console)


RUNS = StudyFamily(
    subject="runs",
    key="",
    study="fieldwright.flows.study.runs_study:Study",
    steps={
        "parameters": "fieldwright.flows.runs.steps:RunsSteps",
        "shapes": "fieldwright.flows.shapes.steps:ShapesSteps",
    },
    report="fieldwright.flows.report:PipelineReport",
    printed="fieldwright.flows.runs.printed_report:print_runs",
    sections="fieldwright.flows.study_report.fields_sections:fields_sections",
    first_study="fieldwright.flows.runs.inspection.first_study:runs_first_study",
    unchanged="fieldwright.flows.runs.inputs:unchanged_runs",
    state="fieldwright.flows.runs.state:print_store",
    inspect="fieldwright.flows.runs.inspection.inspection_page:inspect_runs",
)
PHOTOS = StudyFamily(
    subject="photos",
    key="kind",
    study="fieldwright.flows.study.photo_study:PhotoStudy",
    steps={"": "fieldwright.flows.photos.steps:PhotosSteps"},
    report="fieldwright.flows.photos.report:PhotoReport",
    printed="fieldwright.flows.photos.report:print_photos",
    sections="fieldwright.flows.study_report.photos_sections:photos_sections",
    first_study="fieldwright.flows.photos.first_study:photos_first_study",
    state="fieldwright.flows.photos.state:print_catalogue",
    inspect="fieldwright.flows.photos.inspection:inspect_photos",
)
EQUATION = StudyFamily(
    subject="an equation",
    key="problem",
    study="fieldwright.flows.study.equation_study:ProblemStudy",
    steps={"": "fieldwright.flows.equations.steps:EquationSteps"},
    report="fieldwright.flows.equations.report:ProblemReport",
    printed="fieldwright.flows.equations.report:print_solutions",
    sections="fieldwright.flows.study_report.equation_sections:equation_sections",
    first_study="fieldwright.flows.equations.first_study:equation_first_study",
)
STUDY_FAMILIES = (EQUATION, PHOTOS, RUNS)
"""In the order in which a study file is asked for their keys."""


def study_family(subject: str) -> StudyFamily:
    """The one that a study or a report is of."""
    return next(one for one in STUDY_FAMILIES if one.subject == subject)


def family_of_folder(folder: Path) -> StudyFamily:
    """The family of studies that learn from a folder: photos in a layout that is known, else runs."""
    from fieldwright.data.photos.collections import recognised

    return RUNS if recognised(folder) is None else PHOTOS


def _resolve(location: str) -> Callable[..., Any]:
    return pkgutil.resolve_name(location)
