"""What a registered version answers to the queries of a terminal, whatever its family."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fieldwright.data.errors import ModelError, QueryError
from fieldwright.data.mesh.mesh import Mesh
from fieldwright.data.output.columns import Column, statistic_columns, where_columns
from fieldwright.data.output.vtu_file import MeshData
from fieldwright.surrogates.equations.answer_figure import answer_figure
from fieldwright.surrogates.equations.solution_surrogate import SolutionSurrogate
from fieldwright.surrogates.fields.answers.blocks import predict_in_blocks
from fieldwright.surrogates.fields.answers.columns import parameter_columns, prediction_columns
from fieldwright.surrogates.fields.answers.figure import PlotData, figure_of
from fieldwright.surrogates.fields.answers.given_mesh import answers_on, given_mesh, with_shape
from fieldwright.surrogates.fields.answers.meshes import prediction_meshes
from fieldwright.surrogates.fields.answers.own_points import points_of_answers
from fieldwright.surrogates.fields.description import ParameterInfo
from fieldwright.surrogates.fields.quantities import default_quantities, parsed_quantity
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.trajectory.history import History

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class VersionAnswer:
    """The answer to q queries.

    columns: the table of it, inputs first. inside: (q,) bool. why: for each query what speaks against its answer, or
    None. bands: a sentence on what the bands promise. meshes, figure: the fields of the queries, and a picture of the
    first; they raise QueryError where there is no such form.
    """

    columns: Sequence[Column]
    inside: np.ndarray
    why: Sequence[str | None]
    bands: str
    meshes: Callable[[], Sequence[MeshData]]
    figure: Callable[[], Figure]


def inputs_of(model: Any, study_file: str) -> tuple[ParameterInfo, ...]:
    """The named numbers of a query to the model; raises ModelError for a model of photos."""
    if isinstance(model, SolutionSurrogate):
        return (*model.description.coordinates, *model.description.parameters)
    if hasattr(model.description, "parameters"):
        return model.description.parameters
    raise ModelError(
        "A model of photos must be asked about photos",
        "none",
        f"Add --photos FILE_OR_FOLDER, or ask it on its page: fieldwright open {study_file}",
    )


def answer_of_surrogate(
    surrogate: Surrogate,
    x: np.ndarray,
    quantities: Sequence[str],
    times: Sequence[float] | None,
    field: str | None,
    history: History | None = None,
    mesh: Mesh | None = None,
) -> VersionAnswer:
    """The answer to x (q, p): quantities by label, the usual ones if there are none; raises QueryError.

    history: that all queries of a model that forecasts go on from. mesh: on which the fields of one query are
    answered. times: where they are given, what is not named is that of the transient fields.
    """
    every = surrogate.description.fields
    infos = [info for info in every if not info.places and (times is None or info.times)] or every
    queried = [parsed_quantity(label, every) for label in quantities] or [
        one for info in infos for one in default_quantities(info)
    ]
    repeated = None if history is None else history.repeated(len(x))
    prediction = predict_in_blocks(surrogate, x, (), queried, times=times, history=repeated)
    given = None if mesh is None else given_mesh(surrogate, mesh, x)
    if given is not None:
        prediction = with_shape(prediction, given)
    names = [info.name for info in infos] if field is None else [surrogate.info(field).name]

    def meshes() -> Sequence[MeshData]:
        with_fields = predict_in_blocks(surrogate, x, names, queried, times=times, history=repeated)
        if given is not None:
            return answers_on(given, prediction_meshes(surrogate, with_fields, names, times))
        own_points = points_of_answers(surrogate, x, with_fields)
        return prediction_meshes(surrogate, with_fields, names, times, own_points)

    def figure() -> Figure:
        info = surrogate.info(names[0])
        band = surrogate.predict(x[:1], [info.name], times=times, history=history).fields[info.name]
        values = zip(surrogate.description.parameters, x[0], strict=True)
        title = ", ".join(f"{one.name} = {value:g} {one.unit}".rstrip() for one, value in values)
        return figure_of(
            PlotData(band, None, title),
            info,
            surrogate.points(info.name),
            surrogate.cells if info.on == "point" else {},
            placed=True,
        )

    return VersionAnswer(
        prediction_columns(surrogate, x, prediction, queried, times=times),
        prediction.inside,
        prediction.why,
        f"Bands cover the value of a new run with a probability of {prediction.coverage:.0%}.",
        meshes,
        figure,
    )


def answer_of_solution(solution: SolutionSurrogate, x: np.ndarray, output: str | None) -> VersionAnswer:
    """The answer to x (q, coordinates and parameters); raises QueryError."""
    about = solution.description
    d = len(about.coordinates)
    parameters = {one.name: x[:, d + j] for j, one in enumerate(about.parameters)}
    answer = solution.predict(x[:, :d], parameters)
    columns = parameter_columns((*about.coordinates, *about.parameters), x)
    for one in about.outputs:
        statistics = {name: getattr(answer, name) for name in ("mean", "lower", "upper", "std", "error")}
        by_name = {key: None if values is None else values[one.name] for key, values in statistics.items()}
        columns += statistic_columns(one.name, by_name, unit=one.unit, about={"output": one.name})

    def meshes() -> Sequence[MeshData]:
        raise QueryError(
            "Fields as VTU must be those of a model of runs",
            "the solution of an equation",
            "Give --csv with the points of your mesh, and --out answers.csv",
        )

    return VersionAnswer(
        [*columns, *where_columns(answer.inside, answer.why)],
        answer.inside,
        answer.why,
        "Bands come from the estimate of the error; they promise no probability."
        if answer.lower is not None
        else "Nothing is known of the error.",
        meshes,
        lambda: answer_figure(
            solution, {name: float(values[0]) for name, values in parameters.items()}, output
        ),
    )
