"""A linear recurrence on delayed states whose operator is affine in the parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

NEGLIGIBLE = 1e-12


@dataclass(frozen=True)
class OperatorForm:
    """The form of a linear recurrence.

    delays: number d of past states that the next one depends on. affine: whether the operator itself is affine in
    the parameters, or only its constant part ("with control").
    """

    delays: int
    affine: bool


def fit_operators(
    form: OperatorForm, x: np.ndarray, z: np.ndarray, dampings: Sequence[float]
) -> list[np.ndarray]:
    """The coefficients (features, r) of z_{k+1} = sum_j phi_j(x) (A_j s_k + b_j), phi = (1, x), by least squares.

    x: (n, p). z: (n, t, r). s_k = (z_k, ..., z_{k-d+1}). dampings: of the squared coefficients, each relative to the
    largest singular value; one result for each.
    """
    steps = z.shape[1] - form.delays
    rows = [_features(form, x, delayed(z[:, k : form.delays + k])) for k in range(steps)]
    u, s, vt = np.linalg.svd(np.vstack(rows), full_matrices=False)
    after = u.T @ np.vstack([z[:, form.delays + k] for k in range(steps)])
    floors = [max(damping, NEGLIGIBLE) * s[0] for damping in dampings]
    return [vt.T @ ((s / (s**2 + floor**2))[:, None] * after) for floor in floors]


def delayed(z: np.ndarray) -> np.ndarray:
    """The state (n, h * r) of stretches z (n, h, r), the latest first."""
    return z[:, ::-1].reshape(len(z), -1)


def _features(form: OperatorForm, x: np.ndarray, state: np.ndarray) -> np.ndarray:
    """(n, features): the state and one, by each of 1 and the parameters where the operator is affine."""
    if not form.affine:
        return np.hstack([state, np.ones((len(state), 1)), x])
    with_one = np.hstack([state, np.ones((len(state), 1))])
    phi = np.hstack([np.ones((len(x), 1)), x])
    return (phi[:, :, None] * with_one[:, None, :]).reshape(len(x), -1)


def companions(form: OperatorForm, coefficients: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The matrix M (q, D, D) of each query with (s_{k+1}, 1) = M (s_k, 1), D = d r + 1."""
    r = coefficients.shape[1]
    size = form.delays * r
    if form.affine:
        phi = np.hstack([np.ones((len(x), 1)), x])
        block = np.einsum("qj,jsr->qrs", phi, coefficients.reshape(phi.shape[1], size + 1, r))
    else:
        block = np.tile(coefficients[: size + 1].T, (len(x), 1, 1))
        block[:, :, -1] += x @ coefficients[size + 1 :]
    matrix = np.zeros((len(x), size + 1, size + 1))
    matrix[:, :r] = block
    matrix[:, r:size, : size - r] = np.eye(size - r)
    matrix[:, -1, -1] = 1.0
    return matrix


def stabilised(matrix: np.ndarray) -> np.ndarray:
    """The matrices (q, D, D) with eigenvalues outside the unit circle moved onto it, along their own ray."""
    values, vectors = np.linalg.eig(matrix)
    outside = np.abs(values).max(axis=1) > 1.0 + NEGLIGIBLE
    if not outside.any():
        return matrix
    values, vectors = values[outside], vectors[outside]
    moved = values / np.maximum(np.abs(values), 1.0)
    stable = matrix.copy()
    # V diag(moved) V^-1, by solving V^T Y = (V diag(moved))^T.
    product = np.linalg.solve(vectors.transpose(0, 2, 1), (vectors * moved[:, None, :]).transpose(0, 2, 1))
    stable[outside] = product.transpose(0, 2, 1).real
    return stable


def roll_out(matrix: np.ndarray, first: np.ndarray, steps: int) -> np.ndarray:
    """Trajectories (q, steps, r) that continue their first stretch (q, h, r), h >= d, by M (q, D, D)."""
    q, h, r = first.shape
    delays = (matrix.shape[1] - 1) // r
    trajectory = np.empty((q, max(steps, h), r))
    trajectory[:, :h] = first
    state = np.hstack([delayed(first[:, h - delays :]), np.ones((q, 1))])
    for k in range(h, steps):
        state = np.einsum("qij,qj->qi", matrix, state)
        trajectory[:, k] = state[:, :r]
    return trajectory[:, :steps]
