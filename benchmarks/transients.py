"""Transients in every form: a parametric heat sink, a vortex street and the double pendulum.

    python -m benchmarks.transients heatsink|wake|pendulum FOLDER      (run from the root of the checkout)

FOLDER holds the unpacked runs, `run*/params.edp` and `run*/results/*.vtu`, of the heat sink; it is the OpenFOAM case
of the wake; the pendulum draws its figure there. PyDMD stands beside ours where it is installed, as in
`benchmarks.surrogates`.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fieldwright.data.formats import reader_for
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.regressors import kind_config
from fieldwright.surrogates.trajectory.time_by_time import TimeByTime
from fieldwright.surrogates.trajectory.unrolled import Unrolled
from fieldwright.surrogates.trajectory.windows import Windows
from fieldwright.surrogates.validation.calibration import observed_coverage
from fieldwright.surrogates.validation.cross_validation import cross_validate

AMBIENT = 293.15
FOLDS = 7
FORMS = (
    {"kind": "rbf"},
    {"kind": "bayes"},
    {"kind": "gp"},
    {"kind": "bayes", "transient": "parameter"},
    {"kind": "dmd"},
    {"kind": "lstm"},
    {"kind": "gru"},
)
LEARNED, WINDOW, HISTORY = 41, 30, 16
"""Times of the wake that are learned from, the length of their windows, and how much of one is given."""


def heatsink(folder: Path) -> None:
    """Cross-validation of every form, by runs: errors of T - 293.15 K over all times and at the last, coverage."""
    x, runs = [], []
    for run in sorted(folder.glob("run*")):
        text = (run / "params.edp").read_text()
        x.append([float(value) for value in re.findall(r"real \w+\s*=\s*([0-9.eE+-]+)", text)])
        files = sorted((run / "results").glob("*.vtu"))
        one = [
            reader_for(file).read(file, ["Temperature"]).fields["Temperature"].values[-1] for file in files
        ]
        runs.append(np.stack(one))
    parameters, rise = np.array(x), np.stack(runs) - AMBIENT
    print(f"{len(x)} runs of {rise.shape[1]} times, {FOLDS} folds   median / largest relative L2 error")
    print(f"{'':28} {'all times':>18} {'last time':>18} {'in 90 %':>8} {'seconds':>8}")
    for settings in FORMS:
        start = time.perf_counter()
        reductions = {"T": reduction_config({"kind": "svd"})}
        found = cross_validate(
            kind_config(settings), reductions, parameters, {"T": rise}, folds=FOLDS, seed=0
        )
        error = found.errors["T"]["relative_l2"]
        last = np.linalg.norm((found.mean["T"] - rise)[:, -1, :, 0], axis=1)
        last /= np.linalg.norm(rise[:, -1, :, 0], axis=1)
        inside = observed_coverage(rise, found.mean["T"], found.std["T"], found.fold, np.array([0.9]))[0]
        print(
            f"{' '.join(settings.values()):28} {np.median(error):8.4f} / {error.max():7.4f} {np.median(last):8.4f} / "
            f"{last.max():7.4f} {inside:8.1%} {time.perf_counter() - start:8.0f}",
            flush=True,
        )


def wake(folder: Path) -> None:
    """The rest of one run rolled out from its first 41 times: relative L2 error and Strouhal number."""
    run = reader_for(folder).read(folder, ["U", "p"])
    values = {name: run.fields[name].values[None].astype(np.float64) for name in ("U", "p")}
    times = np.asarray(run.times)
    probe = int(values["U"][0, :, :, 1].std(axis=0).argmax())
    ahead = {name: field[:, LEARNED:] for name, field in values.items()}
    print(f"{len(times) - LEARNED} times ahead of {LEARNED}    U        p    Strouhal (D = U = 1)")

    def show(name: str, found: dict[str, np.ndarray]) -> None:
        errors = [np.linalg.norm(found[one] - ahead[one]) / np.linalg.norm(ahead[one]) for one in ("U", "p")]
        number = strouhal(times[LEARNED:], found["U"][0, :, probe, 1])
        print(f"{name:22} {errors[0]:8.2e} {errors[1]:8.2e} {number:8.4f}", flush=True)

    show("solved", ahead)
    show(
        "persistence",
        {
            name: np.repeat(field[:, LEARNED - 1 : LEARNED], len(times) - LEARNED, axis=1)
            for name, field in values.items()
        },
    )
    for kind in ("dmd", "lstm"):
        known = {name: field[:, :LEARNED] for name, field in values.items()}
        alone = [continued(kind, {name: field}, len(times)) for name, field in known.items()]
        show(f"{kind}, fields apart", alone[0] | alone[1])
        show(f"{kind}, fields together", continued(kind, known, len(times)))
    for name, forecast in peers().items():
        show(
            name,
            {one: forecast(field[0, :LEARNED], len(times))[None, LEARNED:] for one, field in values.items()},
        )


def continued(kind: str, learned: dict[str, np.ndarray], steps: int) -> dict[str, np.ndarray]:
    """Fields (1, steps - h, points, components) that follow the learned ones (1, h, points, components)."""
    models, latent = {}, []
    for name, field in learned.items():
        models[name], z = TimeByTime.fit(
            reduction_config({"kind": "svd", "rank": LEARNED - 1}), field, seed=0
        )
        latent.append(z.reshape(1, LEARNED, -1))
    windows = Windows.of(1, LEARNED, WINDOW)
    joined = np.hstack([windows.cut(z).reshape(len(windows.start), -1) for z in latent])
    for model in models.values():
        model.times = WINDOW
    rolled = Unrolled.of(kind_config({"kind": kind}), list(models.values()), HISTORY)
    rolled.fit(np.zeros((len(joined), 0)), joined, seed=0)
    flat = rolled.roll(np.zeros((1, 0)), latent, steps)
    parts = np.split(flat, np.cumsum([steps * z.shape[2] for z in latent])[:-1], axis=1)
    pairs = zip(models.items(), parts, strict=True)
    return {name: model.mean(part)[:, LEARNED:] for (name, model), part in pairs}


def strouhal(times: np.ndarray, signal: np.ndarray) -> float:
    """Frequency of a signal by its upward crossings of its mean, found by straight lines."""
    signal = signal - signal.mean()
    up = np.flatnonzero((signal[:-1] < 0.0) & (signal[1:] >= 0.0))
    crossed = times[up] - signal[up] / (signal[up + 1] - signal[up]) * (times[up + 1] - times[up])
    return float(1.0 / np.diff(crossed).mean())


def peers() -> dict[str, Callable[[np.ndarray, int], np.ndarray]]:
    """PyDMD's forecasts of one field (h, points, components) to so many times; none where it is not installed."""
    try:
        from pydmd import DMD, HankelDMD  # pyright: ignore[reportMissingImports]
    except ImportError:
        print("PyDMD is not installed: left out")
        return {}
    forms = {
        "PyDMD DMD, all": lambda: DMD(svd_rank=-1),
        "PyDMD HankelDMD, 4, all": lambda: HankelDMD(svd_rank=-1, d=4),
        "PyDMD HankelDMD, 4, 20": lambda: HankelDMD(svd_rank=20, d=4),
    }

    def forecast(make: Callable, field: np.ndarray, steps: int) -> np.ndarray:
        model = make().fit(field.reshape(len(field), -1).T)
        model.dmd_time["tend"] = steps - 1
        return model.reconstructed_data.real.T[:steps].reshape(steps, *field.shape[1:])

    return {
        name: lambda field, steps, make=make: forecast(make, field, steps) for name, make in forms.items()
    }


def pendulum(folder: Path) -> None:
    """The table and figure of `examples.double_pendulum`."""
    from examples.double_pendulum import main

    for name, (seconds, drift) in main(folder).items():
        print(f"{name:12} off by 0.3 rad after {seconds:5.2f} s (median), energy drift {drift:6.1%}")


if __name__ == "__main__":
    {"heatsink": heatsink, "wake": wake, "pendulum": pendulum}[sys.argv[1]](Path(sys.argv[2]))
