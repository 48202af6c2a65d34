"""Scalars: error, density and coverage on 2,000 new points, and CPU time, ours and other libraries'."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.surrogates_functions import FUNCTIONS, samples
from benchmarks.surrogates_sets import Sizes
from fieldwright.surrogates.validation.calibration import conformal_factor

SIZES = {"Branin": (40,)}
DEFAULT_SIZES = (50, 100, 200)
SETS = tuple(f"{name} {n}" for name in FUNCTIONS for n in SIZES.get(name, DEFAULT_SIZES))
NEW, FOLDS = 2000, 8
CANDIDATES = 600
"""Terms that OpenTURNS' chaos chooses from, at most."""
NORMAL = 1.6448536269514722
"""Half width of the central 90 % of a normal distribution, in stds."""

Answer = tuple[np.ndarray, np.ndarray | None]
Predictor = Callable[[np.ndarray], Answer]


def settings_of(kind: str) -> dict[str, str]:
    """The settings of a method of ours: "gp", or "gp as given" with no scale of parameters or values tried."""
    kind, _, given = kind.partition(" ")
    return {"kind": kind} | ({"inputs": "raw", "outputs": "raw"} if given else {})


def ours(kind: str, x: np.ndarray, y: np.ndarray) -> Predictor:
    """A candidate of this kind: a scalar is a field with one point."""
    from fieldwright.surrogates.fields.emulator import Emulator
    from fieldwright.surrogates.reductions import reduction_config
    from fieldwright.surrogates.regressors import kind_config

    reduction = {"y": reduction_config({"kind": "svd", "rank": 1})}
    config = kind_config(settings_of(kind))
    emulator = Emulator.fit(config, reduction, x, {"y": y[:, None, None]}, seed=0)

    def predict(queries: np.ndarray) -> Answer:
        z, sigma = emulator.latent(queries)["y"]
        model = emulator.fields["y"].at(queries)
        return model.mean(z).ravel(), model.std(z, sigma).ravel()

    return predict


def calibrated(kind: str, x: np.ndarray, y: np.ndarray) -> float:
    """The factor of a band of 90 %, from a cross-validation of this kind."""
    from fieldwright.surrogates.reductions import reduction_config
    from fieldwright.surrogates.regressors import kind_config
    from fieldwright.surrogates.validation.cross_validation import cross_validate

    reduction = {"y": reduction_config({"kind": "svd", "rank": 1})}
    values = {"y": y[:, None, None]}
    held_out = cross_validate(kind_config(settings_of(kind)), reduction, x, values, folds=FOLDS, seed=0)
    return float(conformal_factor(np.abs(values["y"] - held_out.mean["y"]) / held_out.std["y"], 0.9).item())


def smt(which: str, x: np.ndarray, y: np.ndarray) -> Predictor:
    """SMT: kriging, or kriging on three directions of partial least squares."""
    from smt.surrogate_models import KPLS, KRG

    p = x.shape[1]
    model = KRG(theta0=[1e-2] * p, print_global=False, seed=0) if which == "KRG" else None
    model = model or KPLS(n_comp=min(3, p), theta0=[1e-2] * min(3, p), print_global=False, seed=0)
    model.set_training_values(x, y)
    model.train()

    def predict(queries: np.ndarray) -> Answer:
        variance = model.predict_variances(queries).ravel()
        return model.predict_values(queries).ravel(), np.sqrt(variance.clip(1e-300))

    return predict


def openturns_kriging(x: np.ndarray, y: np.ndarray) -> Predictor:
    """OpenTURNS: Gaussian process, constant trend, Matern 5/2 with a length for each parameter."""
    import openturns as ot

    ot.RandomGenerator.SetSeed(0)
    low, high = x.min(axis=0), x.max(axis=0)
    p, scale = x.shape[1], y.std()
    inputs, outputs = ot.Sample((x - low) / (high - low)), ot.Sample((y / scale)[:, None])
    fitter = ot.GaussianProcessFitter(
        inputs, outputs, ot.MaternModel([1.0] * p, 2.5), ot.ConstantBasisFactory(p).build()
    )
    # Its own default, Cobyla, ends after one step here; TNC's best point counts where it does not converge.
    search = ot.TNC()
    search.setCheckStatus(False)
    fitter.setOptimizationAlgorithm(search)
    fitter.setOptimizationBounds(ot.Interval([1e-2] * p, [1e2] * p))
    fitter.run()
    regression = ot.GaussianProcessRegression(fitter.getResult())
    regression.run()
    result = regression.getResult()

    def predict(queries: np.ndarray) -> Answer:
        unit = ot.Sample((queries - low) / (high - low))
        mean = np.array(result.getMetaModel()(unit)).ravel()
        variance = ot.GaussianProcessConditionalCovariance(result).getConditionalMarginalVariance(unit)
        return mean * scale, np.sqrt(np.array(variance).ravel().clip(1e-30)) * scale

    return predict


def openturns_chaos(x: np.ndarray, y: np.ndarray) -> Predictor:
    """OpenTURNS: sparse polynomial chaos by LARS and leave-one-out, uniform inputs; it tells no std."""
    import openturns as ot

    ot.RandomGenerator.SetSeed(0)
    low, high = x.min(axis=0), x.max(axis=0)
    margin = 1e-9 * (high - low)
    box = ot.JointDistribution(
        [ot.Uniform(a, b) for a, b in zip((low - margin).tolist(), (high + margin).tolist(), strict=True)]
    )
    p = x.shape[1]
    order = ot.HyperbolicAnisotropicEnumerateFunction(p, 0.75)
    basis = ot.OrthogonalProductPolynomialFactory([box.getMarginal(j) for j in range(p)], order)
    degree = max(d for d in range(1, 11) if d == 1 or order.getBasisSizeFromTotalDegree(d) <= CANDIDATES)
    sparse = ot.LeastSquaresMetaModelSelectionFactory(ot.LARS(), ot.CorrectedLeaveOneOut())
    algorithm = ot.FunctionalChaosAlgorithm(
        ot.Sample(x),
        ot.Sample(y[:, None]),
        box,
        ot.FixedStrategy(basis, order.getBasisSizeFromTotalDegree(degree)),
        ot.LeastSquaresStrategy(sparse),
    )
    algorithm.run()
    model = algorithm.getResult().getMetaModel()
    return lambda queries: (np.array(model(ot.Sample(queries))).ravel(), None)


def scikit_learn(x: np.ndarray, y: np.ndarray) -> Predictor:
    """scikit-learn: Gaussian process, Matern 5/2 with a length for each parameter."""
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern

    low, high = x.min(axis=0), x.max(axis=0)
    kernel = ConstantKernel(1.0, (1e-3, 1e5)) * Matern([1.0] * x.shape[1], (1e-2, 1e3), nu=2.5)
    model = GaussianProcessRegressor(
        kernel, alpha=1e-10, normalize_y=True, n_restarts_optimizer=2, random_state=0
    )
    model.fit((x - low) / (high - low), y)
    return lambda queries: model.predict((queries - low) / (high - low), return_std=True)


METHODS: dict[str, Callable[[np.ndarray, np.ndarray], Predictor]] = {
    "SMT KRG": partial(smt, "KRG"),
    "SMT KPLS": partial(smt, "KPLS"),
    "OpenTURNS kriging": openturns_kriging,
    "OpenTURNS chaos": openturns_chaos,
    "scikit-learn GP": scikit_learn,
}
OURS = ("gp", "gp as given", "bayes", "pce")


def methods(name: str) -> list[str]:
    """The methods that are tried on a function."""
    return [*(f"ours {kind}" for kind in OURS), *METHODS]


def measure(name: str, method: str, folder: Path, sizes: Sizes) -> dict[str, Any]:
    """Means over designs of different seeds; the density is that of values scaled by their spread."""
    function, n = name.rsplit(" ", 1)
    new, true = samples(function, NEW, 1000)
    spread = true.std()
    whose, _, kind = method.partition(" ")
    build = partial(ours, kind) if whose == "ours" else METHODS[method]
    # What is imported at the first fit is no part of its time.
    build(*samples(function, 20, sizes.repeats))
    rows = []
    for seed in range(sizes.repeats):
        x, y = samples(function, int(n), seed)
        start = time.process_time()
        predictor = build(x, y)
        fit = time.process_time() - start
        mean, std = predictor(new)
        error = np.abs(mean - true)
        row = {"nrmse": float(np.sqrt(np.mean(error**2)) / spread), "fit": fit}
        if std is not None:
            density = 0.5 * np.log(2 * np.pi * (std / spread) ** 2) + 0.5 * (error / std) ** 2
            row |= {"nlpd": float(density.mean()), "own": float(np.mean(error <= NORMAL * std))}
        if whose == "ours":
            start = time.process_time()
            row["band"] = float(np.mean(error <= calibrated(kind, x, y) * std))
            row["calibration"] = time.process_time() - start
        rows.append(row)
    return {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}


def table(found: dict[tuple[str, str], dict[str, Any]], sizes: Sizes) -> str:
    """One row for each function, size and method."""
    lines = [
        "| function, samples | method | NRMSE | NLPD | own 90 % covers | calibrated 90 % covers | fit, CPU s | "
        "with calibration |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for (name, method), row in found.items():
        lines.append(
            f"| {name} | {method} | {row['nrmse']:.1e} | {_shown(row, 'nlpd', '.2f')} | "
            f"{_shown(row, 'own', '.1%')} | {_shown(row, 'band', '.1%')} | {row['fit']:.2g} | "
            + (f"{row['fit'] + row['calibration']:.2g} |" if "calibration" in row else "|")
        )
    return "\n".join([*lines, ""])


def _shown(row: dict[str, Any], key: str, form: str) -> str:
    return format(row[key], form) if key in row else ""
