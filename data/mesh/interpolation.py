"""Linear interpolation between two sets of places, as a sparse matrix."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array
from scipy.spatial import Delaunay, KDTree

from fieldwright.data.mesh.inside_cells import locate
from fieldwright.data.mesh.mesh import Mesh
from fieldwright.data.mesh.places import places_of, spacings

# A simplex longer than this many spacings of its corners bridges a bay of the rim, and says nothing there.
_LONG = 3.0


def between_meshes(mesh: Mesh, reference: Mesh, on: str) -> csr_array:
    """W (t, s) that takes values on the points or cells of a mesh to those of the reference, exact for linear u.

    Values on points are interpolated within the mesh's own cells where these are known.
    """
    targets = places_of(reference, on)
    located = locate(mesh, targets) if on == "point" else None
    if located is None or not located.inside.all():
        return interpolation(places_of(mesh, on), targets, spacings(mesh, on))
    rows = np.repeat(np.arange(len(targets)), 4)
    shape = (len(targets), mesh.n_points)
    return csr_array((located.weights.ravel(), (rows, located.nodes.ravel())), shape=shape)


def interpolation(sources: np.ndarray, targets: np.ndarray, spacing: np.ndarray | None = None) -> csr_array:
    """W (t, s) with u(targets) = W u(sources), exact for linear u; sources (s, 3), targets (t, 3).

    spacing: (s,) how far the next source is; the distance of the fourth neighbour where it is not known.

    The weights are barycentric in the Delaunay simplex that holds the target. Where none does, or a drawn-out one
    at the rim, the target takes the least-squares plane through the nearest sources. Sources on a line or in a
    plane, whatever its slope, are recognised and interpolated within it.
    """
    s, t = _in_own_dimensions(sources, targets)
    d = s.shape[1]
    weights, columns = _on_a_line(s[:, 0], t[:, 0]) if d == 1 else _in_simplices(s, t, spacing)
    outside = ~(np.isfinite(weights).all(axis=1) & (weights > -1e-9).all(axis=1))
    weights[outside] = 0.0
    rows = np.repeat(np.arange(len(t)), d + 1)
    inner = csr_array((weights.ravel(), (rows, columns.ravel())), shape=(len(t), len(s)))
    return csr_array(inner + _beyond(s, t, np.flatnonzero(outside)))


def apply(weights: csr_array, values: np.ndarray) -> np.ndarray:
    """(times, s, c) to (times, t, c), in the type of the values."""
    steps = [weights @ step for step in values.astype(np.float64, copy=False)]
    return np.stack(steps).astype(values.dtype, copy=False)


def _in_own_dimensions(sources: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both sets in the line, plane or space that the sources span."""
    centre = sources.mean(axis=0)
    _, sizes, axes = np.linalg.svd(sources - centre, full_matrices=False)
    basis = axes[sizes > 1e-8 * sizes[0]]
    return (sources - centre) @ basis.T, (targets - centre) @ basis.T


def _in_simplices(s: np.ndarray, t: np.ndarray, spacing: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Barycentric weights and corners, (t, d+1) each; the weights of targets that no good simplex holds are NaN."""
    triangulation = Delaunay(s)
    home = np.asarray(triangulation.find_simplex(t))
    corners = triangulation.simplices[home]
    # A simplex without volume has a transform of NaN.
    transform = np.asarray(triangulation.transform)[home]
    partial = np.einsum("tij,tj->ti", transform[:, :-1], t - transform[:, -1])
    weights = np.concatenate([partial, 1 - partial.sum(axis=1, keepdims=True)], axis=1)
    step = np.asarray(KDTree(s).query(s, k=min(5, len(s)))[0])[:, -1] if spacing is None else spacing
    length = np.max([np.ptp(s[corners][:, :, i], axis=1) for i in range(s.shape[1])], axis=0)
    weights[(home < 0) | (length > _LONG * step[corners].max(axis=1))] = np.nan
    return weights, corners


def _on_a_line(s: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(s)
    right = np.clip(np.searchsorted(s[order], t), 1, len(s) - 1)
    ends = np.stack([order[right - 1], order[right]], axis=1)
    gap = s[ends[:, 1]] - s[ends[:, 0]]
    share = (t - s[ends[:, 0]]) / np.where(gap > 0, gap, 1.0)
    return np.stack([1 - share, share], axis=1), ends


def _beyond(s: np.ndarray, t: np.ndarray, outside: np.ndarray) -> csr_array:
    """Rows for targets outside: the least-squares plane through the nearest sources.

    The plane goes through their mean, so that the weights add up to one even where the sources lie in one layer
    and leave the slope across it open, which is then 0.
    """
    count = min(3 * s.shape[1] + 1, len(s))
    near = np.asarray(KDTree(s).query(t[outside], k=count)[1]).reshape(len(outside), count)
    middle = s[near].mean(axis=1, keepdims=True)
    slope = np.linalg.pinv(s[near] - middle, rcond=1e-6) if len(outside) else np.zeros((0, s.shape[1], count))
    weights = 1 / count + np.einsum("kd,kdc->kc", t[outside] - middle[:, 0], slope)
    rows = np.repeat(outside, count)
    return csr_array((weights.ravel(), (rows, near.ravel())), shape=(len(t), len(s)))
