"""Own code against the library that could stand in its place: processor time and error, in one run.

    python -m benchmarks.own_code

Each pair solves the same problem; the table of docs/architecture.md comes from here.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.interpolate import RBFInterpolator
from scipy.stats import sobol_indices as scipy_sobol_indices
from scipy.stats import uniform
from sklearn.linear_model import ARDRegression, BayesianRidge, OrthogonalMatchingPursuit
from sklearn.model_selection import LeaveOneOut, cross_val_score

from fieldwright.surrogates.regression.polynomials import Legendre, exponents
from fieldwright.surrogates.regression.pursuit import pursue
from fieldwright.surrogates.regression.radial_basis import RadialBasis
from fieldwright.surrogates.regression.ridge_evidence import RATE, SHAPE, CentredTerms
from fieldwright.surrogates.regression.sparse_bayes import sparse_regressions
from fieldwright.surrogates.understanding.sobol_indices import sobol_indices

REPEATS = 3


def ishigami(x: np.ndarray) -> np.ndarray:
    """(q, p) to (q, 20) equal outputs, with an offset that must not drown the variance (Ishigami & Homma 1990)."""
    value = np.sin(x[:, 0]) * (1.0 + 0.1 * x[:, 2] ** 4) + 7.0 * np.sin(x[:, 1]) ** 2
    return np.tile(1e6 + value[:, None], 20)


def sobol() -> tuple[str, float, float, float, float]:
    """First-order indices of 20 outputs at 1,024 points, with their uncertainty by 200 resamplings in both."""
    v1, v2, v13 = (1.0 + 0.02 * np.pi**4) ** 2 / 2.0, 49.0 / 8.0, 0.08 * np.pi**8 / 225.0
    true = np.array([v1, v2, 0.0]) / (v1 + v2 + v13)
    box = np.full(3, np.pi)

    def own() -> np.ndarray:
        return sobol_indices(ishigami, -box, box, n=1024, seed=0).first[0]

    def library() -> np.ndarray:
        sides = [uniform(-np.pi, 2.0 * np.pi)] * 3
        found = scipy_sobol_indices(func=lambda x: ishigami(x.T).T, n=1024, dists=sides, rng=0)
        found.bootstrap(n_resamples=200)
        return found.first_order[0]

    return "Sobol indices / scipy.stats.sobol_indices", *_compared(own, library, true)


def radial_basis() -> tuple[str, float, float, float, float]:
    """Cubic interpolant of 100 runs of 10 modes and its leave-one-out errors; the truth is a refit for each run."""
    rng = np.random.default_rng(0)
    x = rng.uniform(size=(100, 3))
    z = np.sin(x @ rng.normal(size=(3, 10)) * 2.0)

    def own() -> np.ndarray:
        return np.abs(RadialBasis.left_out_errors(x, z))

    def library() -> np.ndarray:
        errors = np.empty_like(z)
        for i in range(len(x)):
            others = np.arange(len(x)) != i
            errors[i] = (
                z[i] - RBFInterpolator(x[others], z[others], kernel="cubic", degree=1)(x[i : i + 1])[0]
            )
        return np.abs(errors)

    return "radial basis, leave-one-out / scipy RBFInterpolator", *_compared(own, library, library())


def pursuit() -> tuple[str, float, float, float, float]:
    """Eight terms of 286 from 80 runs; how many, the library must find by cross-validation."""
    rng = np.random.default_rng(0)
    u = rng.uniform(-1.0, 1.0, (80, 3))
    phi = np.hstack([np.ones((80, 1)), Legendre(np.full(3, -1.0), np.ones(3), exponents(3, 10)).terms(u)])
    weights = np.zeros(phi.shape[1])
    weights[[1, 2, 5, 9, 14, 20, 33, 50]] = rng.normal(size=8) + 2.0
    z = phi @ weights + 0.01 * rng.normal(size=80)

    def own() -> np.ndarray:
        found = pursue(phi, z[:, None])
        full = np.zeros(phi.shape[1])
        full[found.columns] = found.weights[:, 0]
        return full

    def library() -> np.ndarray:
        scores = [
            cross_val_score(
                OrthogonalMatchingPursuit(n_nonzero_coefs=k),
                phi,
                z,
                cv=LeaveOneOut(),
                scoring="neg_mean_squared_error",
            ).mean()
            for k in range(1, 16)
        ]
        best = OrthogonalMatchingPursuit(n_nonzero_coefs=1 + int(np.argmax(scores))).fit(phi, z)
        return best.coef_

    return "matching pursuit / scikit-learn, k by leave-one-out", *_compared(own, library, weights)


def modes() -> tuple[np.ndarray, np.ndarray]:
    """Terms (56, 125) of five parameters and twelve smooth modes, the true ones of the weights unknown."""
    rng = np.random.default_rng(0)
    u = rng.uniform(-1.0, 1.0, (56, 5))
    phi = Legendre(np.full(5, -1.0), np.ones(5), exponents(5, 4)).terms(u)
    return phi, np.sin(u @ rng.normal(size=(5, 12))) + 0.01 * rng.normal(size=(56, 12))


def ridge_evidence() -> tuple[str, float, float, float, float]:
    """Fitted values of twelve modes; the errors are against the library."""
    phi, z = modes()
    priors = {"alpha_1": SHAPE, "lambda_1": SHAPE, "alpha_2": RATE, "lambda_2": RATE}

    def own() -> np.ndarray:
        return (phi - phi.mean(axis=0)) @ CentredTerms.of(phi).maximised(z).weights + z.mean(axis=0)

    def library() -> np.ndarray:
        return np.stack([BayesianRidge(**priors).fit(phi, one).predict(phi) for one in z.T], axis=1)

    return "ridge evidence, 12 modes / scikit-learn BayesianRidge", *_compared(own, library, library())


def relevance() -> tuple[str, float, float, float, float]:
    """Precisions of their own for up to 54 terms that a pursuit chose, for each of twelve modes."""
    phi, z = modes()
    priors = {"alpha_1": SHAPE, "lambda_1": SHAPE, "alpha_2": RATE, "lambda_2": RATE}
    ones = np.ones((len(phi), 1))

    def own() -> np.ndarray:
        fitted = np.tile(z.mean(axis=0), (len(z), 1))
        for r, sparse in enumerate(sparse_regressions(phi, z)):
            if sparse is not None:
                used = phi[:, sparse.terms]
                fitted[:, r] += (used - used.mean(axis=0)) @ sparse.weights
        return fitted

    def library() -> np.ndarray:
        fitted = np.empty_like(z)
        for r, one in enumerate(z.T):
            columns = pursue(np.hstack([ones, phi]), one[:, None]).columns
            used = phi[:, np.sort(columns[columns > 0]) - 1]
            model = ARDRegression(**priors, threshold_lambda=1e10, tol=1e-6).fit(used, one)
            fitted[:, r] = model.predict(used)
        return fitted

    return "relevance, 12 modes / scikit-learn ARDRegression", *_compared(own, library, library())


def _compared(
    own: Callable[[], np.ndarray], library: Callable[[], np.ndarray], true: np.ndarray
) -> tuple[float, float, float, float]:
    """Milliseconds of own and of the library, and their largest errors against the truth."""
    results: list[Any] = []
    for solve in (own, library):
        seconds = []
        for _ in range(REPEATS):
            start = time.process_time()
            found = solve()
            seconds.append(time.process_time() - start)
        results.append((1e3 * min(seconds), float(np.max(np.abs(found - true)))))
    return results[0][0], results[1][0], results[0][1], results[1][1]


def main() -> None:
    """Prints a line for each pair."""
    print("| pair | own ms | library ms | own error | library error |\n|---|---|---|---|---|")
    for measure in (sobol, radial_basis, pursuit, ridge_evidence, relevance):
        name, own, library, own_error, library_error = measure()
        print(f"| {name} | {own:.3g} | {library:.3g} | {own_error:.2g} | {library_error:.2g} |")


if __name__ == "__main__":
    main()
