"""Error against the number of runs, the runs chosen by `suggest` and otherwise.

    python -m benchmarks.suggest ignition heat plate feature --seeds 5

EZyRB chooses the heaviest simplex of a Delaunay triangulation by leave-one-out errors, SMT stretches its Latin
hypercube; both need an environment of their own:

    python -m venv peers
    echo "$PWD/.venv/lib/python3.11/site-packages" > peers/lib/python3.11/site-packages/main.pth
    peers/bin/pip install ezyrb smt && peers/bin/python -m benchmarks.suggest

Each method starts from the same Sobol points; the same Gaussian process learns from what was chosen and is judged on
the same 200 random points. Errors are those of whole fields over the fluctuation of the field: root mean square over
the points, what 95 % of them stay below, and the mean of the error over each point's own fluctuation.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.suggest.cases import CASES, Case
from fieldwright.physics.solvers.sampling import sobol_points
from fieldwright.surrogates.design.acquisition import next_runs
from fieldwright.surrogates.design.space import ParameterSpace
from fieldwright.surrogates.fields.emulator import Emulator
from fieldwright.surrogates.figure_axes import label
from fieldwright.surrogates.figures import line_style, panels, png
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.validation.metrics import fluctuation_l2, norms

REDUCTION = reduction_config({"kind": "svd", "energy": 0.9999999999})
TEST_POINTS = 200
TEST_SEED, FIRST_SEED = 2026, 200
"""Neither these points nor these designs were looked at while the method was worked out."""
ERRORS = ("root mean square over the box", "95 % of the runs", "mean over each run's own fluctuation")
SHARES = (1 / 2, 2 / 3, 1.0)
"""Of Sobol's runs, whose errors the other methods are to reach."""
Fields = dict[str, np.ndarray]
Chooser = Callable[[Case, np.ndarray, Fields, Emulator, int], np.ndarray]


def by(what) -> Chooser:
    def choose(case: Case, x: np.ndarray, targets: Fields, emulator: Emulator, seed: int) -> np.ndarray:
        lower, upper = np.array(list(case.bounds.values())).T
        space = ParameterSpace(tuple(case.bounds), lower, upper)
        return next_runs(emulator, space, case.batch, by=what, seed=seed)

    return choose


def sobol(case: Case, x: np.ndarray, targets: Fields, emulator: Emulator, seed: int) -> np.ndarray:
    return sobol_points(case.bounds, len(x) + case.batch, seed)[len(x) :]


def at_random(case: Case, x: np.ndarray, targets: Fields, emulator: Emulator, seed: int) -> np.ndarray:
    lower, upper = np.array(list(case.bounds.values())).T
    return np.random.default_rng([seed, len(x)]).uniform(lower, upper, (case.batch, len(lower)))


def ezyrb(case: Case, x: np.ndarray, targets: Fields, emulator: Emulator, seed: int) -> np.ndarray:
    from ezyrb import POD, RBF, Database, ReducedOrderModel

    lower, upper = np.array(list(case.bounds.values())).T
    # Each field over its own spread, so that kelvin and pascal count alike.
    snapshots = np.hstack([v.reshape(len(x), -1) / v.std() / np.sqrt(v[0].size) for v in targets.values()])
    rom = ReducedOrderModel(Database((x - lower) / (upper - lower), snapshots), POD("svd"), RBF()).fit()
    return lower + (upper - lower) * rom.optimal_mu(k=case.batch)


def smt(case: Case, x: np.ndarray, targets: Fields, emulator: Emulator, seed: int) -> np.ndarray:
    from smt.sampling_methods import LHS

    sampling = LHS(xlimits=np.array(list(case.bounds.values())), criterion="ese", seed=seed)
    return sampling.expand_lhs(x, case.batch, method="basic")[len(x) :]


METHODS: dict[str, Chooser] = {
    "suggest": by("error"),
    "suggest --by variance": by("variance"),
    "Sobol": sobol,
    "random": at_random,
    "SMT expand_lhs": smt,
    "EZyRB optimal_mu": ezyrb,
}


def closed_loop(case: Case, choose: Chooser, test: tuple[np.ndarray, Fields], seed: int) -> np.ndarray:
    """(batches, 1 + errors) the runs and each of ERRORS after every batch."""
    x = sobol_points(case.bounds, case.start, seed)
    targets, curve = case.simulate(x), []
    while True:
        emulator = Emulator.fit(case.config, dict.fromkeys(targets, REDUCTION), x, targets, seed)
        curve.append([len(x), *errors(emulator, *test)])
        if len(x) >= case.most:
            return np.array(curve)
        chosen = choose(case, x, targets, emulator, seed)
        x = np.vstack([x, chosen])
        targets = {name: np.concatenate([targets[name], new]) for name, new in case.simulate(chosen).items()}


def errors(emulator: Emulator, x: np.ndarray, true: Fields) -> np.ndarray:
    """Each of ERRORS, the mean over fields."""
    found = []
    for name, (z, _) in emulator.latent(x).items():
        predicted = emulator.fields[name].at(x).mean(z).reshape(true[name].shape)
        mean = true[name].mean(axis=0)
        size = float(np.sqrt(np.mean(norms(true[name] - mean) ** 2)))
        error = norms(true[name] - predicted) / size
        own = fluctuation_l2(true[name], predicted, mean).mean()
        found.append([np.sqrt(np.mean(error**2)), np.quantile(error, 0.95), own])
    return np.mean(found, axis=0)


def runs_for(curve: np.ndarray, wanted: float) -> float:
    """Runs from which on the error stays below the wanted one, between batches on logarithms; infinite if never.

    curve: (batches, 2) runs and error.
    """
    # Later errors may be larger by chance: what counts is the last time the curve comes down through it.
    above = np.flatnonzero(curve[:, 1] > wanted)
    last = int(above[-1]) if len(above) else -1
    if last == len(curve) - 1:
        return np.inf
    if last < 0:
        return float(curve[0, 0])
    (n0, e0), (n1, e1) = np.log(curve[last : last + 2])
    return float(np.exp(n0 + (e0 - np.log(wanted)) / (e0 - e1) * (n1 - n0)))


def main() -> None:
    arguments = argparse.ArgumentParser(description="Error against the number of runs.")
    arguments.add_argument("cases", nargs="*", default=list(CASES))
    arguments.add_argument("--seeds", type=int, default=5)
    arguments.add_argument("--methods", nargs="*", default=list(METHODS))
    arguments.add_argument("--out", type=Path, default=Path("suggest"))
    given = arguments.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    for name in given.cases:
        case = CASES[name]()
        lower, upper = np.array(list(case.bounds.values())).T
        x = np.random.default_rng(TEST_SEED).uniform(lower, upper, (TEST_POINTS, len(lower)))
        test = (x, case.simulate(x))
        stored = given.out / f"{name}.json"
        # One method may be run again, or apart from the others.
        results = json.loads(stored.read_text()) if stored.exists() else {}
        for method in given.methods:
            with threadpool_limits(1):
                curves = [
                    closed_loop(case, METHODS[method], test, FIRST_SEED + seed) for seed in range(given.seeds)
                ]
            results[method] = np.array(curves).tolist()
            stored.write_text(json.dumps(results))
        if "Sobol" in results:
            report(
                case, {m: np.array(results[m]) for m in METHODS if m in results}, given.out / f"{name}.png"
            )


def report(case: Case, results: dict[str, np.ndarray], picture: Path) -> None:
    """Prints runs over Sobol's runs for each error that Sobol's points reach at SHARES of them; draws the curves."""
    figure, axes = panels(1, len(ERRORS))
    heads = " | ".join(f"{round(share * case.most)} runs" for share in SHARES)
    for k, (error, ax) in enumerate(zip(ERRORS, axes, strict=True), start=1):
        mean = {
            m: np.column_stack([r[0, :, 0], np.exp(np.log(r[:, :, k]).mean(axis=0))])
            for m, r in results.items()
        }
        wanted = np.exp(np.interp(np.log(np.array(SHARES) * case.most), *np.log(mean["Sobol"]).T))
        print(f"\n| {case.name}, {error}; runs / Sobol's {heads} | error at the end |\n|---|---|---|---|---|")
        base = [runs_for(mean["Sobol"], one) for one in wanted]
        for i, (m, curve) in enumerate(mean.items()):
            cells = [f"{runs_for(curve, one) / of:.2f}" for one, of in zip(wanted, base, strict=True)]
            spread = np.exp(np.log(results[m][:, -1, k]).std(ddof=1))
            print(f"| {m} | {' | '.join(cells)} | {curve[-1, 1]:.2g} (x/÷ {spread:.2f}) |", flush=True)
            ax.loglog(curve[:, 0], curve[:, 1], label=m, **line_style(i))
        label(ax, "runs", "error / fluctuation", title=f"{case.name}: {error}")
        ax.grid(alpha=0.3, which="both")
    axes[0].legend(fontsize=7, frameon=False)
    picture.write_bytes(png(figure))


if __name__ == "__main__":
    main()
