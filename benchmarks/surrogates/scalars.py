"""Scalars: error, density and coverage on 2,000 new points, and CPU time, ours and other libraries'.

Ours and peers have their own defaults; for noisy values peers also have the settings by which they estimate the
noise.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.surrogates.functions import FUNCTIONS, observed, samples
from benchmarks.surrogates.sets import Sizes
from fieldwright.surrogates.validation.calibration import conformal_factor

SIZES = {"Branin": (20, 40), "Ackley": (50, 100), "step": (50, 100)}
DEFAULT_SIZES = (50, 100)
SETS = tuple(f"{name} {n}" for name in FUNCTIONS for n in SIZES.get(name, DEFAULT_SIZES))
NEW, FOLDS = 2000, 8
CANDIDATES = 600
"""Terms that OpenTURNS' chaos chooses from, at most."""
NORMAL = 1.6448536269514722
"""Half width of the central 90 % of a normal distribution, in stds."""
BEST = "ours, best by cross-validation"

Answer = tuple[np.ndarray, np.ndarray | None]
Predictor = Callable[[np.ndarray], Answer]


def ours(kind: str, x: np.ndarray, y: np.ndarray) -> Predictor:
    """A candidate of this kind: a scalar is a field with one point."""
    from fieldwright.surrogates.fields.emulator import Emulator
    from fieldwright.surrogates.reductions import reduction_config
    from fieldwright.surrogates.regressors import kind_config

    reduction = {"y": reduction_config({"kind": "svd", "rank": 1})}
    emulator = Emulator.fit(kind_config({"kind": kind}), reduction, x, {"y": y[:, None, None]}, seed=0)

    def predict(queries: np.ndarray) -> Answer:
        z, sigma = emulator.latent(queries)["y"]
        model = emulator.fields["y"].at(queries)
        return model.mean(z).ravel(), model.std(z, sigma).ravel()

    return predict


def cross_validated(kind: str, x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """The root mean square error of left-out runs, and the factor of a band of 90 % that they ask for."""
    from fieldwright.surrogates.reductions import reduction_config
    from fieldwright.surrogates.regressors import kind_config
    from fieldwright.surrogates.validation.cross_validation import cross_validate

    reduction = {"y": reduction_config({"kind": "svd", "rank": 1})}
    values = {"y": y[:, None, None]}
    held_out = cross_validate(kind_config({"kind": kind}), reduction, x, values, folds=FOLDS, seed=0)
    error = np.abs(values["y"] - held_out.mean["y"])
    return float(np.sqrt(np.mean(error**2))), float(conformal_factor(error / held_out.std["y"], 0.9).item())


def smt(which: str, x: np.ndarray, y: np.ndarray) -> Predictor:
    """SMT: kriging, also with noise that it estimates, or on three directions of partial least squares, or RBF."""
    from smt.surrogate_models import KPLS, KRG, RBF

    p = x.shape[1]
    low, high = x.min(axis=0), x.max(axis=0)
    if which == "RBF":
        # It does not scale its inputs.
        model = RBF(d0=1.0, print_global=False)
        model.set_training_values((x - low) / (high - low), y)
        model.train()
        return lambda queries: (model.predict_values((queries - low) / (high - low)).ravel(), None)
    if which == "KPLS":
        model = KPLS(n_comp=min(3, p), theta0=[1e-2] * min(3, p), print_global=False, seed=0)
    else:
        model = KRG(theta0=[1e-2] * p, print_global=False, seed=0, eval_noise=which == "KRG with noise")
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


def scikit_learn(noise: bool, x: np.ndarray, y: np.ndarray) -> Predictor:
    """scikit-learn: Gaussian process, Matern 5/2 with a length for each parameter, and noise where asked for."""
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

    low, high = x.min(axis=0), x.max(axis=0)
    kernel = ConstantKernel(1.0, (1e-3, 1e5)) * Matern([1.0] * x.shape[1], (1e-2, 1e3), nu=2.5)
    if noise:
        kernel += WhiteKernel(1e-2, (1e-8, 1e1))
    model = GaussianProcessRegressor(
        kernel, alpha=1e-10, normalize_y=True, n_restarts_optimizer=2, random_state=0
    )
    model.fit((x - low) / (high - low), y)
    return lambda queries: model.predict((queries - low) / (high - low), return_std=True)


METHODS: dict[str, Callable[[np.ndarray, np.ndarray], Predictor]] = {
    "SMT KRG": partial(smt, "KRG"),
    "SMT KPLS": partial(smt, "KPLS"),
    "SMT RBF": partial(smt, "RBF"),
    "OpenTURNS kriging": openturns_kriging,
    "OpenTURNS chaos": openturns_chaos,
    "scikit-learn GP": partial(scikit_learn, False),
}
FOR_NOISE = {
    "SMT KRG with noise": partial(smt, "KRG with noise"),
    "scikit-learn GP with noise": partial(scikit_learn, True),
}
"""Beside the others where values are noisy."""
OURS = ("gp", "bayes", "pce", "rbf", "mlp")


def methods(name: str) -> list[str]:
    """The methods that are tried on a function."""
    return [*(f"ours {kind}" for kind in OURS), *METHODS, *(FOR_NOISE if "noisy" in name else ())]


def measure(name: str, method: str, folder: Path, sizes: Sizes) -> dict[str, Any]:
    """Figures of each design; errors are those of the values without noise, bands are to cover observed ones."""
    function, n = name.rsplit(" ", 1)
    new, true = samples(function, NEW, 1000)
    spread = true.std()
    seen = observed(function, true, spread, 1000)
    whose, _, kind = method.partition(" ")
    build = partial(ours, kind) if whose == "ours" else (METHODS | FOR_NOISE)[method]
    # What is imported at the first fit is no part of its time.
    build(*samples(function, 20, sizes.repeats))
    rows = []
    for seed in range(sizes.repeats):
        x, y = samples(function, int(n), seed)
        y = observed(function, y, spread, seed)
        start = time.process_time()
        predictor = build(x, y)
        fit = time.process_time() - start
        mean, std = predictor(new)
        away = np.abs(mean - seen)
        row = {"nrmse": float(np.sqrt(np.mean((mean - true) ** 2)) / spread), "fit": fit}
        if std is not None:
            density = 0.5 * np.log(2 * np.pi * (std / spread) ** 2) + 0.5 * (away / std) ** 2
            row |= {"nlpd": float(density.mean()), "own": float(np.mean(away <= NORMAL * std))}
        if whose == "ours" and std is not None:
            start = time.process_time()
            row["left_out"], factor = cross_validated(kind, x, y)
            row["band"] = float(np.mean(away <= factor * std))
            row["calibration"] = time.process_time() - start
        rows.append(row)
    return {key: [row[key] for row in rows] for key in rows[0]}


Rows = dict[tuple[str, str], dict[str, list[float]]]


def table(found: Rows, sizes: Sizes) -> str:
    """Ours against the best other library on each function, then one row for each function, size and method."""
    names = list(dict.fromkeys(name for name, _ in found))
    every: Rows = {}
    for name in names:
        of_name = {method: row for (one, method), row in found.items() if one == name}
        if len(own := [row for method, row in of_name.items() if method.startswith("ours ")]) > 1:
            of_name = {BEST: _best(own)} | of_name
        every |= {(name, method): row for method, row in of_name.items()}
    return "\n".join([*_against_peers(every, names), "", *_all_rows(every), ""])


def _best(kinds: list[dict[str, list[float]]]) -> dict[str, list[float]]:
    """The figures of the kind of least cross-validated error, design by design; trying all takes the time of all."""
    chosen = np.argmin([row["left_out"] for row in kinds], axis=0)
    best = {key: [kinds[k][key][seed] for seed, k in enumerate(chosen)] for key in kinds[0]}
    tried = np.sum([np.add(row["fit"], row["calibration"]) for row in kinds], axis=0) - best["fit"]
    return best | {"calibration": tried.tolist()}


def _against_peers(every: Rows, names: list[str]) -> list[str]:
    lines = [
        "| function, samples | best peer | its NRMSE | ours gp / peer | own 90 % of gp covers | "
        "ours best by cross-validation / peer | its own 90 % covers |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in names:
        peers = {m: row for (one, m), row in every.items() if one == name and not m.startswith("ours")}
        if not peers:
            continue
        peer = min(peers, key=lambda method: np.mean(np.log(peers[method]["nrmse"])))
        cells = [name, peer, f"{np.mean(peers[peer]['nrmse']):.1e}"]
        for method in ("ours gp", BEST):
            row = every.get((name, method))
            if row is None:
                cells += ["", ""]
                continue
            gains = np.log(np.divide(row["nrmse"], peers[peer]["nrmse"]))
            error = gains.std(ddof=1) / np.sqrt(len(gains)) if len(gains) > 1 else np.nan
            cells += [f"{np.exp(gains.mean()):.2f} (x/ {np.exp(error):.2f})", f"{np.mean(row['own']):.0%}"]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _all_rows(every: Rows) -> list[str]:
    lines = [
        "| function, samples | method | NRMSE | NLPD | own 90 % covers | calibrated 90 % covers | fit, CPU s | "
        "with calibration |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for (name, method), row in every.items():
        with_calibration = np.mean(np.add(row["fit"], row["calibration"])) if "calibration" in row else None
        lines.append(
            f"| {name} | {method} | {np.mean(row['nrmse']):.1e} | {_shown(row, 'nlpd', '.2f')} | "
            f"{_shown(row, 'own', '.1%')} | {_shown(row, 'band', '.1%')} | {np.mean(row['fit']):.2g} | "
            + (f"{with_calibration:.2g} |" if with_calibration else "|")
        )
    return lines


def _shown(row: dict[str, list[float]], key: str, form: str) -> str:
    return format(np.mean(row[key]), form) if key in row else ""
