"""`fieldwright predict`: asks a registered version, without a server."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from fieldwright.data.errors import QueryError
from fieldwright.data.output.csv_table import csv_bytes
from fieldwright.data.output.vtu_archive import vtu_archive
from fieldwright.data.output.vtu_file import vtu_bytes
from fieldwright.flows.commands.predictions.printed_answer import print_answer
from fieldwright.flows.commands.predictions.queries import queries_of_table, single_query, values_of_words
from fieldwright.flows.commands.predictions.shape_answer import answer_of_shape, outline_of_table
from fieldwright.flows.commands.predictions.version_answer import (
    VersionAnswer,
    answer_of_solution,
    answer_of_surrogate,
    inputs_of,
)
from fieldwright.flows.commands.selected_version import selected_version
from fieldwright.flows.study.file import StudyFile
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.model_registry import ModelVersion
from fieldwright.surrogates.families import load_model
from fieldwright.surrogates.fields.answers.given_mesh import read_given_mesh
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.trajectory.history_table import read_history

ENDINGS = (".csv", ".vtu", ".zip")


@dataclass(frozen=True)
class PredictOptions:
    """What is asked of which version, and where the answer goes.

    words: such as "heat_flux=2e4". table: of queries. out: the file of the answers. plot: the picture. version: its
    number, the champion if None. quantities: by label. times: None for the trained ones. field: of file and picture.
    history: the table of measured first times that a forecast goes on from. outline: the table of a shape's corners.
    mesh: the file with the mesh that one query is answered on.
    """

    words: tuple[str, ...]
    table: Path | None = None
    out: Path | None = None
    plot: Path | None = None
    version: str | None = None
    quantities: tuple[str, ...] = ()
    times: tuple[float, ...] | None = None
    field: str | None = None
    history: Path | None = None
    outline: Path | None = None
    mesh: Path | None = None


def check_options(options: PredictOptions) -> None:
    """Raises QueryError for what is wrong whatever the model, before seconds go into loading it."""
    values_of_words(options.words)
    if options.out is not None and options.out.suffix.lower() not in ENDINGS:
        raise QueryError(
            f"'--out' must end in {' or '.join(ENDINGS)}", f"'{options.out.name}'", "Name another file"
        )
    if options.mesh is not None and options.table is not None:
        raise QueryError(
            "'--mesh' must go with one query", "a table of queries", "Give NAME=NUMBER in place of --csv"
        )
    if options.plot is not None and options.plot.suffix.lower() != ".png":
        raise QueryError("'--plot' must end in .png", f"'{options.plot.name}'", "Name another file")


def predict_study(study: StudyFile, options: PredictOptions, console: Console) -> VersionAnswer:
    """Asks the version, prints the answer and writes the files; raises FieldwrightError."""
    check_options(options)
    selected, model = asked_model(study, options.version)
    infos, values = inputs_of(model, study.path.name), values_of_words(options.words)
    x = (
        single_query(values, infos)
        if options.table is None
        else queries_of_table(options.table, values, infos)
    )
    answer = _answer(model, x, options)
    console.print(f"{study.name}, version {selected.version} ({model.description.kind})", markup=False)
    if options.table is None:
        print_answer(answer, console)
    else:
        outside = int((~answer.inside).sum())
        words = f"{len(x)} queries, {outside} of them outside the domain of the training runs."
        console.print(f"{words} {answer.bands}", markup=False)
    for path, content in _files(options, answer):
        path.write_bytes(content)
        console.print(f"Wrote {path}", markup=False, soft_wrap=True)
    return answer


def asked_model(study: StudyFile, version: str | None) -> tuple[ModelVersion, Any]:
    """The version of a study that is asked, the champion if None, and its model; raises FieldwrightError."""
    tracking = Tracking.of(study)
    selected = selected_version(tracking, version, "asked")
    with tempfile.TemporaryDirectory(prefix="fieldwright-predict-") as folder:
        return selected, load_model(tracking.registry.download(selected, Path(folder)))


def _files(options: PredictOptions, answer: VersionAnswer) -> Sequence[tuple[Path, bytes]]:
    """All of them are made before one is written."""
    files, out = [], options.out
    if out is None and options.table is not None:
        out = options.table.with_name(f"{options.table.stem}_answers.csv")
    if out is not None:
        files.append((out, _content(out, answer)))
    if options.plot is not None:
        from fieldwright.surrogates.figures import png

        files.append((options.plot, png(answer.figure())))
    return files


def _content(path: Path, answer: VersionAnswer) -> bytes:
    ending = path.suffix.lower()
    if ending == ".csv":
        return csv_bytes(answer.columns)
    meshes = answer.meshes()
    if ending == ".zip":
        return vtu_archive(meshes)
    if len(meshes) > 1:
        raise QueryError(
            "A VTU file must hold one query at one time",
            f"{len(meshes)} of them",
            "Give one of --times, or name a .zip: it holds a file for each",
        )
    return vtu_bytes(meshes[0])


def _answer(model: Any, x: np.ndarray, options: PredictOptions) -> VersionAnswer:
    forecasts = isinstance(model, Surrogate) and model.description.history > 0
    shapes = hasattr(model.description, "geometry")
    _check_file("--history", options.history, forecasts, "the measured first times", "a model that forecasts")
    _check_file("--outline", options.outline, shapes, "the corners of a shape", "a model of shapes")
    if isinstance(model, Surrogate):
        history = None if options.history is None else read_history(options.history, model.description)
        mesh = None if options.mesh is None else read_given_mesh(options.mesh)
        return answer_of_surrogate(model, x, options.quantities, options.times, options.field, history, mesh)
    _check_file("--mesh", options.mesh, False, "a mesh", "a model of runs that differ by parameters")
    _refuse_of_runs(options, "a model of shapes" if shapes else "the solution of an equation")
    if options.outline is not None:
        return answer_of_shape(model, outline_of_table(options.outline), x, options.field)
    return answer_of_solution(model, x, options.field)


def _check_file(option: str, path: Path | None, needed: bool, content: str, model: str) -> None:
    """Raises QueryError where a file lacks that the model needs, or is given to another one."""
    if needed and path is None:
        raise QueryError(
            f"{model.capitalize()} must be given {content} by '{option}'",
            "none",
            f"Add {option} FILE.csv; 'fieldwright predict --help' says which columns it has",
        )
    if path is not None and not needed:
        raise QueryError(f"'{option}' must be given to {model}", "another one", "Leave it out")


def _refuse_of_runs(options: PredictOptions, model: str) -> None:
    for option, value in (("--quantities", options.quantities), ("--times", options.times)):
        if value:
            raise QueryError(f"'{option}' must be asked of a model of runs", model, "Leave it out")
