"""Radial basis functions of every kernel against SciPy's, refits and differences; what left-out runs choose."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import RBFInterpolator

from fieldwright.surrogates.regression.radial_basis import NONE, RadialBasis
from fieldwright.surrogates.regression.radial_choice import chosen_kernel
from fieldwright.surrogates.regression.radial_kernels import FORMS, KERNEL_NAMES, RadialKernel
from fieldwright.surrogates.regression.radial_smoothing import AMOUNTS, Smoothed
from fieldwright.surrogates.regression.radial_system import RadialSystem
from fieldwright.surrogates.regressors import kind_config, regressor_for

IN_SCIPY = {"thin_plate": "thin_plate_spline"} | {
    name: name for name in ("linear", "cubic", "quintic", "gaussian", "multiquadric", "inverse_multiquadric")
}


def kernel_of(name: str) -> RadialKernel:
    form = FORMS[name]
    return RadialKernel(name, 1.3 if form.shaped else 1.0, max(form.degree, 0))


def draw(n: int, p: int = 2, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1.7, 1.7, (n, p))


def curved(x: np.ndarray) -> np.ndarray:
    return np.stack([np.sin(1.5 * x[:, 0]) + x[:, 1], x[:, 0] * x[:, 1]], axis=1)


@pytest.mark.parametrize("name", sorted(IN_SCIPY))
def test_interpolants_are_those_of_scipy(name: str):
    x, kernel, queries = draw(30), kernel_of(name), draw(15, seed=1)
    reference = RBFInterpolator(
        x, curved(x), kernel=IN_SCIPY[name], epsilon=kernel.shape, degree=kernel.degree
    )(queries)
    found = RadialBasis.fit(x, curved(x), kernel)[0](queries)
    np.testing.assert_allclose(found, reference, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", KERNEL_NAMES)
@pytest.mark.parametrize("amount", [0.0, 0.1])
def test_errors_of_left_out_runs_are_those_of_a_second_fit(name: str, amount: float):
    x, kernel = draw(25), kernel_of(name)
    z = curved(x)
    system = RadialSystem.of(x, kernel)
    smoothing = amount * system.scale
    errors = system.left_out(z, system.weights(z, smoothing), smoothing)
    for i in (0, 11):
        rest = np.delete(np.arange(25), i)
        other = RadialSystem.of(x[rest], kernel)
        weights = other.weights(z[rest], smoothing)
        polynomial = other.polynomial_weights(z[rest], weights)
        squared = np.sum((x[i] - x[rest]) ** 2, axis=1)[None]
        there = kernel.values(squared) @ weights + kernel.polynomials(x[i : i + 1]) @ polynomial
        np.testing.assert_allclose(errors[i], z[i] - there[0], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", KERNEL_NAMES)
def test_every_kernel_knows_its_slopes_and_comes_back_bit_for_bit(name: str):
    x, queries, step = draw(40), draw(5, seed=3), 1e-4
    model = regressor_for(kind_config({"kind": "rbf", "kernel": name})).fit(x, curved(x), seed=0)
    jacobian = model.jacobian(queries)
    for j, unit in enumerate(np.eye(2)):
        ahead, behind = (model.predict(queries + sign * step * unit)[0] for sign in (1.0, -1.0))
        np.testing.assert_allclose(jacobian[:, :, j], (ahead - behind) / (2.0 * step), rtol=1e-3, atol=1e-4)
    again = type(model).restore(model.config, {key: array.copy() for key, array in model.state().items()})
    np.testing.assert_array_equal(again.predict(queries), model.predict(queries))


def test_a_smooth_function_and_a_rough_one_have_kernels_of_their_own():
    x, queries = draw(60, 1), draw(200, 1, seed=4)

    def root(x: np.ndarray) -> np.ndarray:
        return np.abs(x - 0.13) ** 0.5

    for function, better, worse in ((np.sin, "gaussian", "linear"), (root, "matern32", "gaussian")):
        errors = {}
        for name in ("auto", better, worse):
            model = regressor_for(kind_config({"kind": "rbf", "kernel": name})).fit(x, function(x), seed=0)
            errors[name] = np.sqrt(np.mean((model.predict(queries)[0] - function(queries)) ** 2))
        assert errors[better] < errors[worse]
        assert errors["auto"] < 0.5 * (errors[better] + errors[worse])


def test_parameters_count_by_their_influence():
    x, queries = draw(50, 4), draw(300, 4, seed=5)

    def function(x: np.ndarray) -> np.ndarray:
        return np.sin(2.0 * x[:, :1]) + 0.05 * np.cos(x[:, 2:3])

    errors = []
    for relevance in ("auto", "equal"):
        model = regressor_for(kind_config({"kind": "rbf", "relevance": relevance})).fit(x, function(x), 0)
        errors.append(np.abs(model.predict(queries)[0] - function(queries)).mean())
        scales = model.basis_.scales
        assert (scales.argmax() == 0 and scales[0] > 3.0 * scales[1]) == (relevance == "auto")
    assert errors[0] < 0.3 * errors[1]


def test_noise_is_smoothed_and_outputs_of_noise_alone_are_their_mean():
    rng = np.random.default_rng(6)
    x, queries = draw(80), draw(300, seed=7)
    noisy = np.column_stack([np.sin(x[:, 0]) + 0.3 * rng.normal(size=80), rng.normal(size=80)])
    model = regressor_for(kind_config({"kind": "rbf"})).fit(x, noisy, seed=0)
    mean, std = model.predict(queries)
    assert np.sqrt(np.mean((mean[:, 0] - np.sin(queries[:, 0])) ** 2)) < 0.15
    np.testing.assert_allclose(mean[:, 1], noisy[:, 1].mean(), atol=1e-9)
    np.testing.assert_allclose(np.median(std, axis=0), [0.3, 1.0], rtol=0.25)
    exact = regressor_for(kind_config({"kind": "rbf", "smoothing": "none"})).fit(x, noisy, seed=0)
    np.testing.assert_allclose(exact.predict(x)[0], noisy, atol=1e-6)


def test_the_last_modes_of_exact_data_are_not_smoothed_one_by_one():
    """A mode that oscillates from run to run looks like noise alone; together with the others it is none."""
    x = np.linspace(-1.7, 1.7, 40)[:, None]
    z = np.column_stack([np.sin(2.0 * x[:, 0]), np.sin(25.0 * x[:, 0])])
    system = RadialSystem.of(x, kernel_of("cubic"))
    together = Smoothed.of(system, z, sizes=np.array([1.0, 0.03]))
    assert not together.noisy
    np.testing.assert_array_equal(together.amounts, together.amounts[0])
    assert Smoothed.of(system, z[:, 1:]).noisy


def test_runs_close_beside_each_other_cost_no_accuracy():
    """Neighbours within a tenth of the spacing are pooled, at the mean of their places."""
    x = np.sort(np.concatenate([np.linspace(-1.7, 1.7, 60), np.linspace(-1.7, 1.7, 60) + 1.7e-3]))[:, None]
    queries = draw(100, 1, seed=8)
    model = RadialBasis.fit(x, np.exp(x), kernel_of("quintic"))[0]
    assert len(model.centres) == 60
    np.testing.assert_allclose(model(queries), np.exp(queries), rtol=1e-5)


def test_the_choice_is_the_same_whatever_the_sizes_of_noise_columns_hold():
    x = draw(40)
    kernel, scales = chosen_kernel(x, curved(x), np.array([1.0, 1.0]), 0, amounts=NONE)
    wide = np.hstack([curved(x), np.random.default_rng(9).normal(size=(40, 3))])
    again, others = chosen_kernel(x, wide, np.array([1.0, 1.0, 0.0, 0.0, 0.0]), 0, amounts=NONE)
    assert kernel == again
    np.testing.assert_allclose(scales, others, rtol=1e-4)


def test_a_cubic_interpolant_of_an_earlier_version_is_restored():
    # Its arrays as they were saved then, with the coefficients of scipy.
    rng = np.random.default_rng(4)
    x, new = rng.uniform(-1.0, 1.0, (20, 2)), rng.uniform(-0.8, 0.8, (7, 2))
    z = np.stack([np.sin(x[:, 0] + x[:, 1]), x[:, 0] * x[:, 1]], axis=1)
    scipy = RBFInterpolator(x, z, kernel="cubic", degree=1)
    matrix = np.block(
        [
            [np.linalg.norm(x[:, None] - x, axis=-1) ** 3, np.ones((20, 1)), x],
            [np.ones((1, 20)), np.zeros((1, 3))],
            [x.T, np.zeros((2, 3))],
        ]
    )
    weights = np.linalg.solve(matrix, np.vstack([z, np.zeros((3, 2))]))
    limits = {"lower": x.min(axis=0), "upper": x.max(axis=0), "low": z.min(axis=0) - 1.0}
    limits |= {"high": z.max(axis=0) + 1.0, "growth": np.zeros(2)}
    saved = {f"interpolant.limits.{name}": one for name, one in limits.items()}
    saved |= {"interpolant.centres": x, "interpolant.weights": weights, "std": np.full(2, 0.01)}
    restored = type(regressor_for(kind_config({"kind": "rbf"}))).restore(kind_config({"kind": "rbf"}), saved)
    mean, std = restored.predict(new)
    np.testing.assert_allclose(mean, scipy(new), atol=1e-10)
    np.testing.assert_allclose(std, 0.01)
    again = type(restored).restore(restored.config, restored.state())
    np.testing.assert_array_equal(again.predict(new)[0], mean)


def test_small_outputs_of_a_field_may_lose_digits_that_the_field_does_not_need():
    """One by one they asked for smoothing by more, which cost all outputs their accuracy."""
    x, queries = draw(40, 1), np.linspace(-1.5, 1.5, 100)[:, None]

    def modes(x: np.ndarray) -> np.ndarray:
        return np.column_stack([np.sin(x[:, 0]), np.cos(4.0 * x[:, 0])])

    kernel = RadialKernel("gaussian", 0.5, 0)
    system = RadialSystem.of(x, kernel)
    amounts, errors = [], []
    for sizes in (np.array([1.0, 1e-2]), np.ones(2)):
        amounts.append(Smoothed.of(system, modes(x), AMOUNTS, sizes).amounts)
        basis = RadialBasis.fit(x, modes(x), kernel, smoothing=AMOUNTS, sizes=sizes)[0]
        errors.append(np.abs(basis(queries) - modes(queries)).mean(axis=0))
    assert (amounts[0] < amounts[1]).all()
    assert (errors[0] < 0.5 * errors[1]).all()
