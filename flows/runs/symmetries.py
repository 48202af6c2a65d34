"""The symmetries of a study: built into its runs, and the error that a model makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from fieldwright.data.computing.scratch_array import release_pages, scratch_array
from fieldwright.data.errors import StudyError
from fieldwright.data.store.field_values import FieldValues
from fieldwright.flows.runs.targets import Targets
from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.study.symmetry_section import Symmetry
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.fields.transforms.symmetry import FieldMotion, Motion, asymmetry, symmetrised
from fieldwright.surrogates.validation.cross_validation import CrossValidation
from fieldwright.surrogates.validation.metrics import norms

ROW_BLOCK = 2**22
"""Values of the runs whose asymmetry is measured together: a mirror image has its points in other places."""


@dataclass(frozen=True, eq=False)
class FieldSymmetry:
    """One symmetry of one field: S u(x) = factor (R u(Q^-1 p; x) - reference) + reference is u at other parameters.

    motion: None for a scaling, which moves no point. change: (p,) factors of the parameters.
    """

    symmetry: Symmetry
    field: str
    motion: FieldMotion | None
    factor: float
    change: np.ndarray

    @property
    def metric(self) -> str:
        """Its name among the metrics."""
        return f"symmetry.{self.symmetry.label}.{self.field}"

    def moved(self, values: np.ndarray, reference: np.ndarray) -> np.ndarray:
        """S u of fields (n, [t,] points, components); reference: (n,) what the factor is about."""
        turned = values if self.motion is None else self.motion(values)
        if self.factor == 1.0:
            return turned
        about = reference.reshape(-1, *(1,) * (values.ndim - 1))
        return self.factor * (turned - about) + about


def symmetries_of(study: Study, targets: Targets) -> Iterator[FieldSymmetry]:
    """Every symmetry of every field that has it; raises ModelError where the mesh does not have it."""
    names = [parameter.name for parameter in targets.parameters]
    for symmetry in study.symmetries:
        change = np.array([symmetry.parameters.get(name, 1.0) for name in names])
        fields = symmetry.fields or dict.fromkeys(study.fields, 1.0)
        for info in targets.fields:
            if info.name not in fields:
                continue
            points = targets.points[info.name]
            motion = _motion(symmetry, points)
            moved = (
                None if motion is None else FieldMotion.of(motion, points, info.components, symmetry.period)
            )
            yield FieldSymmetry(symmetry, info.name, moved, fields[info.name], change)


def symmetrised_targets(study: Study, targets: Targets) -> Targets:
    """The runs, exactly symmetric where the study says that they are; raises StudyError where one is not nearly so.

    A POD of such runs decodes to nothing else, so that every prediction is symmetric by construction.
    """
    values = dict(targets.values)
    for one in symmetries_of(study, targets):
        if not one.symmetry.built_in or one.motion is None:
            continue
        blocks = list(_row_blocks(values[one.field].shape))
        lack = np.concatenate(
            [asymmetry(values[one.field][rows], one.motion, targets.weights[one.field]) for rows in blocks]
        )
        worst = int(np.argmax(lack))
        if lack[worst] > one.symmetry.tolerance:
            raise StudyError(
                f"Every run must have the symmetry '{one.symmetry.label}' in '{one.field}' to within "
                f"{one.symmetry.tolerance:g} of the field, as it is to be built in",
                f"{lack[worst]:.2g} in run '{targets.runs[worst]}'",
                "Take out 'built_in' to have the symmetry measured only, or correct its axis",
            )
        order = 2 if one.symmetry.kind == "mirror" else round(360.0 / one.symmetry.degrees)
        symmetric = _room_like(values[one.field])
        for rows in blocks:
            symmetric[rows] = symmetrised(values[one.field][rows], one.motion, order)
            release_pages(symmetric)
        values[one.field] = symmetric
    return replace(targets, values=values)


def symmetry_errors(study: Study, targets: Targets, validation: CrossValidation) -> dict[str, float]:
    """Of a candidate: the asymmetry of its predictions of held-out runs, for symmetries that change no parameter.

    Metric to the mean over the runs of |S u - u| / |u|; the same of the true runs under "{metric}.runs".
    """
    errors = {}
    for one in symmetries_of(study, targets):
        if one.motion is not None and (one.change == 1.0).all():
            weights, of_runs = targets.weights[one.field], []
            for rows in _row_blocks(targets.values[one.field].shape):
                true, predicted, _ = validation.fields[one.field].runs(range(rows.start, rows.stop))
                of_runs.append([asymmetry(values, one.motion, weights) for values in (predicted, true)])
            of_predicted, of_true = np.concatenate(of_runs, axis=1).mean(axis=1)
            errors |= {one.metric: float(of_predicted), f"{one.metric}.runs": float(of_true)}
    return errors


def equivariance_errors(study: Study, targets: Targets, surrogate: Surrogate) -> dict[str, float]:
    """Of a trained surrogate: |u(g x) - S u(x)| / |S u(x)|, mean over those runs x whose image g x is in its domain.

    For symmetries that change parameters: a mirrored inflow, twice the load. One without such runs is left out.
    """
    errors = {}
    for one in symmetries_of(study, targets):
        image = targets.x * one.change
        inside = surrogate.domain.inside(image)
        if (one.change == 1.0).all() or not inside.any() or surrogate.description.history:
            continue
        x, moved, weights = targets.x[inside], image[inside], targets.weights[one.field]
        reference, shares = _reference(study, one.field, targets)[inside], []
        for rows in _row_blocks((len(x), *targets.values[one.field].shape[1:])):
            at_images = surrogate.predict(moved[rows], [one.field]).fields[one.field].mean
            at_runs = surrogate.predict(x[rows], [one.field]).fields[one.field].mean
            expected = one.moved(at_runs, reference[rows])
            off, size = norms(at_images - expected, weights), norms(expected, weights)
            shares.append(off / np.where(size > 0.0, size, 1.0))
        errors[one.metric] = float(np.mean(np.concatenate(shares)))
    return errors


def _row_blocks(shape: tuple[int, ...]) -> Iterator[slice]:
    """Runs of values of the shape (n, [t,] points, components), so many at a time that few values are held."""
    number = max(1, ROW_BLOCK // int(np.prod(shape[1:])))
    return (slice(start, min(start + number, shape[0])) for start in range(0, shape[0], number))


def _room_like(values: np.ndarray | FieldValues) -> np.ndarray:
    """An array for as many values: in memory as these are, or in a temporary file as those on the disk are."""
    if isinstance(values, np.ndarray):
        return np.empty_like(values)
    return scratch_array(values.shape, values.dtype)


def _reference(study: Study, field: str, targets: Targets) -> np.ndarray:
    reference = study.fields[field].reference
    if isinstance(reference, str):
        return targets.x[:, [parameter.name for parameter in targets.parameters].index(reference)]
    return np.full(len(targets.x), reference)


def _motion(symmetry: Symmetry, points: np.ndarray) -> Motion | None:
    middle = (points.min(axis=0) + points.max(axis=0)) / 2.0
    through = middle if symmetry.through is None else np.array(symmetry.through)
    if symmetry.kind == "mirror":
        return Motion.mirror(str(symmetry.axis), through)
    if symmetry.kind == "rotation":
        return Motion.rotation(symmetry.axis or "z", symmetry.degrees, through)
    return Motion.translation(np.array(symmetry.shift)) if symmetry.kind == "translation" else None
