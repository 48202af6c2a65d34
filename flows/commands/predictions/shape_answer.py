"""What a registered model of shapes answers to an outline from a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fieldwright.data.errors import QueryError
from fieldwright.data.ingest.parameters.cells import table_cells
from fieldwright.data.ingest.parameters.number_columns import number_column
from fieldwright.data.output.columns import Column, statistic_columns, where_columns
from fieldwright.data.output.written_numbers import number_text
from fieldwright.flows.commands.predictions.version_answer import VersionAnswer
from fieldwright.surrogates.fields.answers.columns import parameter_columns
from fieldwright.surrogates.fields.answers.figure import PlotData, figure_of
from fieldwright.surrogates.fields.answers.meshes import prediction_meshes
from fieldwright.surrogates.shapes.distance import distance_of_outline

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from fieldwright.data.output.vtu_file import MeshData
    from fieldwright.surrogates.shapes.shape_surrogate import ShapeSurrogate


def outline_of_table(path: Path) -> np.ndarray:
    """(k, 2) corners in order, the columns x and y of a CSV, Excel or JSON table; raises FieldwrightError."""
    table = table_cells(path, title="table of the outline", row="corner", correct="the path")
    corners = []
    for name in ("x", "y"):
        if name not in table.names:
            raise QueryError(
                f"An outline must have the columns 'x' and 'y' in '{path.name}'",
                ", ".join(table.names),
                "Name them in the first row, and write a row for each corner",
            )
        corners.append(number_column(table, table.names.index(name)))
    return np.array(corners).T


def answer_of_shape(
    model: ShapeSurrogate, outline: np.ndarray, x: np.ndarray, field: str | None
) -> VersionAnswer:
    """The answer to one outline (k, 2) at parameters x (1, p); raises QueryError.

    Its numbers are the largest and the least mean of each component, each with the band at its place.
    """
    if len(x) != 1:
        raise QueryError(
            "One outline must come with one query", f"{len(x)} of them", "Give the parameters as NAME=NUMBER"
        )
    names = [info.name for info in model.description.fields] if field is None else [model.info(field).name]
    prediction = model.predict(distance_of_outline(outline, model.grid)[None], x, names)
    columns: list[Column] = parameter_columns(model.description.parameters, x)
    for name in names:
        info, band = model.info(name), prediction.fields[name]
        for j, component in enumerate(info.components):
            mean = band.mean[0, :, j]
            part = f"{name}.{component}" if len(info.components) > 1 else name
            for word, place in (("largest", int(mean.argmax())), ("least", int(mean.argmin()))):
                at = ", ".join(number_text(value, 4) for value in model.points(name)[place, :2])
                label = f"{word} {part}, at ({at})"
                values = {key: values[:, place, j] for key, values in vars(band).items()}
                columns += statistic_columns(label, values, unit=info.unit, about={"quantity": label})

    def meshes() -> list[MeshData]:
        return list(prediction_meshes(model, prediction, names))

    def figure() -> Figure:
        info = model.info(names[0])
        values = zip(model.description.parameters, x[0], strict=True)
        title = ", ".join(f"{one.name} = {value:g} {one.unit}".rstrip() for one, value in values)
        band = prediction.fields[info.name]
        cells = model.cells if info.on == "point" else {}
        return figure_of(
            PlotData(band, None, title or "the outline"), info, model.points(info.name), cells, placed=True
        )

    return VersionAnswer(
        [*columns, *where_columns(prediction.inside, prediction.why)],
        prediction.inside,
        prediction.why,
        f"Bands cover the value at a place of a new shape with a probability of {prediction.coverage:.0%}.",
        meshes,
        figure,
    )
