"""What a study of an equation measures: values of a table, and snapshots of another study's runs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fieldwright.data.errors import StudyError
from fieldwright.data.expressions import Expression
from fieldwright.data.store.snapshot_store import SnapshotStore
from fieldwright.flows.equations.solution_table import read_measurements
from fieldwright.flows.runs.inputs import read_runs
from fieldwright.flows.runs.targets import Targets, targets_from
from fieldwright.flows.study.equation_sections import COORDINATES, SnapshotSection
from fieldwright.flows.study.equation_study import ProblemStudy
from fieldwright.flows.study.runs_study import Study
from fieldwright.physics.equations.measurements import Measurements
from fieldwright.surrogates.equations.case import EquationCase


def measurements_of(study: ProblemStudy, case: EquationCase) -> Measurements | None:
    """All that is measured, None where nothing is; raises StudyError where it does not fit the equation."""
    parts = []
    if study.measurements is not None:
        parts.append(read_measurements(study.beside(study.measurements.table), case, "measurements"))
    if study.snapshots is not None:
        parts.append(_from_snapshots(study, study.snapshots, case))
    if not parts:
        return None
    inputs, values = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("inputs", "values")
    )
    return Measurements(inputs, values, study.data_weight, _noise(study, case, values))


def _noise(study: ProblemStudy, case: EquationCase, values: np.ndarray) -> tuple[float, ...] | None:
    """Of each output as the study states it, None where it does not; raises StudyError where it does not fit."""
    stated = None if study.measurements is None else study.measurements.noise
    if stated is None:
        return None
    outputs = case.problem.outputs
    indices = np.flatnonzero(np.isfinite(values).any(axis=0))
    measured = [outputs[i] for i in indices]
    each = stated if isinstance(stated, dict) else dict.fromkeys(outputs, stated)
    if study.snapshots is not None:
        got, do = "'noise' beside [snapshots]", "Leave it out: it is estimated from the misfit to all"
    elif wrong := sorted(set(each) - set(outputs)):
        got, do = f"'{wrong[0]}'", "Correct the name"
    elif missing := [name for name in measured if name not in each]:
        got, do = f"none for '{missing[0]}'", "State that of every measured output, or none"
    elif bad := [name for name, value in each.items() if not 0 < value < np.inf]:
        got, do = f"{each[bad[0]]:g}", "Leave it out where the values are exact"
    else:
        # Whatever stands for an output without values counts nowhere.
        return tuple(each.get(name, 1.0) for name in outputs)
    raise StudyError(
        f"'noise' of [measurements] must be a number > 0 for the measured outputs ({', '.join(measured)})",
        got,
        do,
    )


def _from_snapshots(study: ProblemStudy, section: SnapshotSection, case: EquationCase) -> Measurements:
    """Values at random places, times and runs, as formulas of what the runs hold."""
    source = Study.load(study.beside(section.study))
    if source.mesh.follows:
        raise StudyError(
            "The runs of the study of [snapshots] must be on one mesh",
            f'rule = "{source.mesh.rule}" in [mesh] of {source.path.name}',
            "Name a study of one geometry",
        )
    if source.time.rule == "periodic":
        raise StudyError(
            "The runs of the study of [snapshots] must have times",
            f"phases, by the rule 'periodic' in [time] of {source.path.name}",
            "Name a study with another rule",
        )
    read_runs(source)
    store = SnapshotStore(source.store_path)
    runs = [record.name for record in store.accepted()][: section.runs]
    if not runs:
        raise StudyError(
            "The study of [snapshots] must have accepted runs",
            f"none in {source.path.name}",
            f"`fieldwright status {source.path.name}` says what is wrong with those rejected",
        )
    snapshots = store.snapshots(runs, list(source.outputs))
    targets = targets_from(source, snapshots, store.mesh(snapshots.attrs["mesh"]))
    rng = np.random.default_rng(study.seed)
    columns = sampled_columns(targets, section.values, rng)
    coordinates = _formulas(section.coordinates, case.problem.coordinates, columns, "coordinates", False)
    coefficients = _formulas(section.coefficients, case.varied, columns, "coefficients", False)
    outputs = _formulas(section.outputs, case.problem.outputs, columns, "outputs", True)
    inputs = np.column_stack([coordinates, coefficients])
    spread = np.nan_to_num(np.nanstd(outputs, axis=0))
    outputs = outputs + section.noise * spread * rng.standard_normal(outputs.shape)
    return _checked(inputs, outputs, case, source.path.name)


def sampled_columns(targets: Targets, n: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draws n values of everything that runs hold, over runs, times and places: name to (n,).

    Coordinates x, y, z, t, parameters, and fields by name, components behind an underscore (`displacement_x`).
    Raises StudyError where fields lie in different places or at different times.
    """
    infos = [info for info in targets.fields if info.on != "run"]
    if any((info.on, info.times) != (infos[0].on, infos[0].times) for info in infos):
        raise StudyError(
            "The fields of [snapshots] must lie in the same places, at the same times",
            ", ".join(f"{info.name} on {info.on}s" for info in infos),
            "Bring them together by 'on' in that study",
        )
    times = np.array(infos[0].times or (0.0,))
    sizes = (len(targets.runs), len(times), infos[0].n_points)
    # Without repeats, and every run as often as every other.
    sample = rng.permutation(int(np.prod(sizes)))[:n] if n < np.prod(sizes) else np.arange(np.prod(sizes))
    run, time, place = np.unravel_index(sample, sizes)
    columns = dict(zip(COORDINATES, (*targets.points[infos[0].name][place].T, times[time]), strict=True))
    columns |= {one.name: targets.x[run, j] for j, one in enumerate(targets.parameters)}
    for info in infos:
        values = targets.values[info.name].reshape(*sizes, -1)[run, time, place]
        for j, component in enumerate(info.components):
            columns[f"{info.name}_{component}" if component else info.name] = values[:, j]
    return columns


def _formulas(
    formulas: Mapping[str, str],
    names: tuple[str, ...],
    columns: Mapping[str, np.ndarray],
    section: str,
    optional: bool,
) -> np.ndarray:
    """The formulas' values (n, names); NaN where an optional one is left out."""
    n = len(next(iter(columns.values())))
    if strange := sorted(set(formulas) - set(names)):
        raise StudyError(
            f"[snapshots.{section}] must name {', '.join(names) or 'nothing'}", strange[0], "Correct the name"
        )
    values = np.full((n, len(names)), np.nan)
    for j, name in enumerate(names):
        if name in formulas:
            values[:, j] = Expression.parse(formulas[name], columns)(columns)
        elif name in columns:
            values[:, j] = columns[name]
        elif not optional:
            raise StudyError(
                f"[snapshots.{section}] must tell '{name}' by what the runs hold ({', '.join(columns)})",
                "nothing",
                f'Add such as {name} = "{next(iter(columns))}"',
            )
    return values


def _checked(inputs: np.ndarray, values: np.ndarray, case: EquationCase, source: str) -> Measurements:
    """Those within the domain and the ranges; raises StudyError where there are none, or inputs are not finite."""
    if not np.isfinite(inputs).all():
        raise StudyError(
            f"Coordinates and coefficients of what {source} measures must be finite",
            f"a value that is not, in row {int(np.argwhere(~np.isfinite(inputs))[0, 0])}",
            "Correct it",
        )
    problem = case.problem
    unknowns = [problem.unknown(name) for name in case.varied]
    low, high = problem.bounds
    low = np.append(low, [one.low for one in unknowns])
    high = np.append(high, [one.high for one in unknowns])
    margin = 1e-9 * (high - low)
    usable = np.all((inputs >= low - margin) & (inputs <= high + margin), axis=1)
    if problem.geometry is not None:
        usable &= problem.geometry.inside(inputs[:, : problem.geometry.dim])
    usable &= np.isfinite(values).any(axis=1)
    if not usable.any():
        raise StudyError(
            f"What {source} measures must lie in the domain of '{problem.name}', from "
            f"{', '.join(f'{value:g}' for value in low)} to {', '.join(f'{value:g}' for value in high)}",
            f"{len(inputs)} values, all outside or empty",
            "Shift or scale the coordinates by formulas",
        )
    return Measurements(inputs[usable], values[usable])
