"""Runs on other meshes brought to the mesh of the study, with the error measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.sparse import csr_array

from fieldwright.data.errors import RunRejected
from fieldwright.data.formats import Run
from fieldwright.data.mesh.interpolation import apply, between_meshes
from fieldwright.data.mesh.mesh import Mesh
from fieldwright.data.mesh.places import check_covered, places_of


class Mapping:
    """Maps to one reference mesh; the interpolations are kept for the meshes met last."""

    _MOST = 4

    def __init__(self, reference: Mesh) -> None:
        self.reference = reference
        self._interpolations: dict[tuple[str, str], tuple[csr_array, csr_array]] = {}

    def __call__(self, run: Run, largest_error: float) -> Run:
        """The run on the reference, with a note on the mapping error of each field.

        The error is what the way there and back loses of the field's variation,
        |B A u - u| / |u - mean(u)| (over |u| where u is constant) in the Euclidean norm: it is known from these two
        meshes and this field alone.
        What is extrapolated can come back unharmed, so a field known on both meshes is mapped too, half a wave long.
        Raises RunRejected ("wrong mesh") where one of both errors is above `largest_error` or the meshes do not
        cover each other.
        """
        fields, notes = {}, []
        for name, field in run.fields.items():
            if field.on == "run":
                fields[name] = field
                continue
            forward, backward = self._pair(run.mesh, field.on)
            mapped = apply(forward, field.values)
            fields[name] = replace(field, values=mapped)
            error = lost_share(field.values, apply(backward, mapped))
            known_error = self.known_field_error(run.mesh, field.on)
            for subject, share in (
                (f"'{name}'", error),
                ("half a cosine along each axis, which is known on both meshes,", known_error),
            ):
                if share > largest_error:
                    raise RunRejected(
                        "wrong mesh",
                        f"Mapping {subject} to the mesh of the study must lose less than {largest_error:.1%} of it",
                        f"{share:.1%}",
                        "Choose a finer reference mesh, or raise 'largest_error' in the study file",
                    )
            notes.append(
                f"'{name}' mapped to the mesh of the study: half a cosine along each axis, known on both meshes, "
                f"to {known_error:.2%}, the field with an error there and back {error:.2%}"
            )
        return replace(run, mesh=self.reference, fields=fields, notes=(*run.notes, *notes))

    def known_field_error(self, mesh: Mesh, on: str, waves: float = 0.5) -> float:
        """Relative error of mapping u = sum cos(2 pi waves x_i / L_i), which is known on both meshes.

        L_i are the extents of the reference; axes without extent are left out.
        """
        forward, _ = self._pair(mesh, on)
        exact = self._wave(places_of(self.reference, on), waves)
        mapped = apply(forward, self._wave(places_of(mesh, on), waves)[None, :, None])[0, :, 0]
        return float(np.linalg.norm(mapped - exact) / np.linalg.norm(exact))

    def _wave(self, x: np.ndarray, waves: float) -> np.ndarray:
        low, extent = self.reference.points.min(axis=0), np.ptp(self.reference.points, axis=0)
        axes = extent > 1e-9 * extent.max()
        return np.sum(np.cos(2 * np.pi * waves * (x - low)[:, axes] / extent[axes]), axis=1)

    def _pair(self, mesh: Mesh, on: str) -> tuple[csr_array, csr_array]:
        """There and back."""
        key = (mesh.hash, on)
        if key not in self._interpolations:
            if len(self._interpolations) >= self._MOST:
                self._interpolations.clear()
            check_covered(mesh, self.reference, on)
            forward, backward = (
                between_meshes(mesh, self.reference, on),
                between_meshes(self.reference, mesh, on),
            )
            self._interpolations[key] = (forward, backward)
        return self._interpolations[key]


def lost_share(values: np.ndarray, returned: np.ndarray) -> float:
    """Norm of the loss over that of the variation in space; over that of the values where they are constant."""
    size = float(np.linalg.norm(values))
    variation = float(np.linalg.norm(values - values.mean(axis=1, keepdims=True)))
    # The rounding of a constant field is no variation.
    scale = variation if variation > 1e-6 * size else size
    return float(np.linalg.norm(returned - values)) / scale if scale > 0 else 0.0
