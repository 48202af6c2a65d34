"""What a version answers to photos in the terminal: a table, and on demand CSV and pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from fieldwright.data.errors import PhotoError, QueryError
from fieldwright.data.output.columns import Column
from fieldwright.data.output.csv_table import csv_bytes
from fieldwright.data.output.written_numbers import number_text
from fieldwright.data.photos.photo import png_bytes, read_photo
from fieldwright.flows.commands.predictions.photo_question import PhotoQuestion
from fieldwright.flows.commands.predictions.predict import asked_model
from fieldwright.flows.crack_inspection.tables import photos_table
from fieldwright.flows.progress import report, show_progress
from fieldwright.flows.study.file import StudyFile
from fieldwright.surrogates.cracks.answered_photo import MeasuredPhoto, about_classified, segmented_photo
from fieldwright.surrogates.cracks.classification.crack_classifier import CrackClassifier
from fieldwright.surrogates.cracks.segmentation.crack_segmenter import CrackSegmenter

DIGITS = 3
PICTURES = ("mask", "overlay")


@dataclass(frozen=True, eq=False)
class AnsweredFile:
    """about: of the photo in a file as an endpoint says it, or None; refused: why there is no answer, or None.

    segmented: with the pictures, of a segmenter.
    """

    path: Path
    about: Mapping[str, Any] | None = None
    segmented: MeasuredPhoto | None = None
    refused: str | None = None


def answered_files(
    model: CrackSegmenter | CrackClassifier, question: PhotoQuestion
) -> Iterator[AnsweredFile]:
    """The photos one after the other; one that cannot be read is refused, and the others go on."""
    scale = question.scale()
    for path in question.files():
        try:
            pixels = read_photo(path)
            if isinstance(model, CrackSegmenter):
                measured = segmented_photo(
                    model, pixels, path.name, scale=scale, threshold=question.threshold
                )
                yield AnsweredFile(path, measured.about(), measured)
            else:
                yield AnsweredFile(path, about_classified(model, pixels, path.name, question.prevalence))
        except (PhotoError, QueryError) as error:
            yield AnsweredFile(path, refused=str(error))


def predict_photos(study: StudyFile, question: PhotoQuestion, version: str | None, console: Console) -> None:
    """Asks a version about photos, prints a row for each and writes the files; raises FieldwrightError."""
    selected, model = asked_model(study, version)
    if not isinstance(model, CrackSegmenter | CrackClassifier):
        raise QueryError("'--photos' must be given to a model of photos", "another one", "Leave it out")
    console.print(f"{study.name}, version {selected.version} ({model.description.kind})", markup=False)
    answer_photos(model, question, console)


def answer_photos(
    model: CrackSegmenter | CrackClassifier, question: PhotoQuestion, console: Console
) -> list[AnsweredFile]:
    """Prints a row for each photo, and writes the table as CSV and masks and overlays into a folder."""
    segments, folder = isinstance(model, CrackSegmenter), question.folder
    _check(question, segments)
    answers: list[AnsweredFile] = []
    with show_progress(console):
        paths = question.files()
        for done, answer in enumerate(answered_files(model, question), start=1):
            report("Photos", done, len(paths))
            if folder is not None and answer.segmented is not None:
                folder.mkdir(parents=True, exist_ok=True)
                for name in PICTURES:
                    picture = png_bytes(answer.segmented.pictures[name]())
                    (folder / f"{answer.path.stem}_{name}.png").write_bytes(picture)
            # The pixels of one photo at a time.
            answers.append(AnsweredFile(answer.path, answer.about, None, answer.refused))
    print_photo_answers(answers, segments, console)
    if question.table is not None:
        question.table.write_bytes(photos_csv(answers, segments))
        console.print(f"Wrote {question.table}", markup=False, soft_wrap=True)
    if folder is not None:
        console.print(f"Wrote masks and overlays to {folder}", markup=False, soft_wrap=True)
    return answers


def print_photo_answers(answers: Sequence[AnsweredFile], segments: bool, console: Console) -> None:
    """A row for each photo with its bounds, then a sentence for each that is outside or was refused."""
    table = Table("photo", "verdict", *(("crack share",) if segments else ("threshold",)))
    figures = ("length", "mean_width", "max_width")
    heads = ("length", "mean width", "greatest width") if segments else ("probability",)
    for head in heads:
        table.add_column(head, justify="right")
    for answer in answers:
        about = answer.about
        if about is None:
            table.add_row(answer.path.name, "refused")
            continue
        verdict = "crack" if about["crack"] else "no crack"
        if segments:
            cells = [
                f"{100 * about['share']:.3g} %",
                *(_bounded(about["measurements"][name]) for name in figures),
            ]
        else:
            bounded = {"value": about["probability"], "lower": about["lower"], "upper": about["upper"]}
            cells = [number_text(about["threshold"], DIGITS), _bounded(bounded | {"unit": ""})]
        table.add_row(answer.path.name, verdict if about["inside"] else f"{verdict}, OUTSIDE", *cells)
    console.print(table)
    for answer in answers:
        sentence = answer.refused
        if answer.about is not None and not answer.about["inside"]:
            sentence = f"unlike the training photos, do not rely on it: {answer.about['why']}."
        elif answer.about is not None and answer.about.get("warning"):
            sentence = f"{answer.about['warning']}."
        if sentence:
            console.print(f"{answer.path.name}: {sentence}", markup=False, soft_wrap=True)


def photos_csv(answers: Sequence[AnsweredFile], segments: bool) -> bytes:
    """A row for each photo, of a segmenter as the table of an inspection has it."""
    if segments:
        rejected = [(answer.path.name, answer.refused) for answer in answers if answer.refused]
        return photos_table([dict(answer.about) for answer in answers if answer.about], rejected)
    abouts: list[Mapping[str, Any]] = [answer.about or {} for answer in answers]
    numbers = ("probability", "lower", "upper", "std", "coverage", "threshold", "prevalence")
    return csv_bytes(
        [
            Column("photo", [answer.path.name for answer in answers]),
            *(
                Column(name, [str(one[name]).upper() if one else "" for one in abouts])
                for name in ("crack", "inside")
            ),
            Column("beware", [one.get("why") or "" for one in abouts]),
            *(
                Column(name, np.array([one.get(name, np.nan) for one in abouts], dtype=float))
                for name in numbers
            ),
            Column("problem", [answer.refused or "" for answer in answers]),
        ]
    )


def _bounded(figure: Mapping[str, Any]) -> str:
    value, lower, upper = (number_text(figure[name], DIGITS) for name in ("value", "lower", "upper"))
    return f"{value} {figure['unit']}".strip() + f" ({lower} to {upper})"


def _check(question: PhotoQuestion, segments: bool) -> None:
    """Raises QueryError for what goes with the other of the two families alone."""
    of_segmenter = {
        "--mm-per-px": question.mm_per_px,
        "--threshold": question.threshold,
        "--out": question.folder,
    }
    of_classifier = {"--prevalence": question.prevalence}
    others, family = (of_classifier, "classifier") if segments else (of_segmenter, "segmenter")
    for option, value in others.items():
        if value is not None:
            raise QueryError(f"'{option}' must be given to a crack {family}", "another model", "Leave it out")
