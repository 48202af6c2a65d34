"""Bayesian linear regression run by run: the posterior of the weights, functions drawn from it, and the band.

    python -m examples.bayesian_regression [folder]

learns w of y = w0 + w1 x^3 + noise, true w = (-0.25, 0.6), noise variance 0.04, prior variance 0.5, from 0, 1, 3 and
20 runs, and draws one row of three panels for each into folder/bayesian_regression.png; then asks a polynomial of
degree 9, learned from 30 noisy runs of sqrt(x) sin(x) on [0, 10], for x = 11, into folder/outside_the_data.png.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from fieldwright.surrogates import figures
from fieldwright.surrogates.domain.domain import Domain
from fieldwright.surrogates.regression.weight_posterior import WeightPosterior
from fieldwright.surrogates.regressors.bayes import Bayes, BayesConfig

TRUE, NOISE, PRIOR = np.array([-0.25, 0.6]), 0.04, 0.5
STAGES = (0, 1, 3, 20)


def features(x: np.ndarray) -> np.ndarray:
    """(n, 2): 1 and x^3."""
    return np.stack([np.ones_like(x), x**3], axis=1)


def run_by_run(seed: int = 0) -> tuple[np.ndarray, np.ndarray, dict[int, WeightPosterior]]:
    """Runs x, y (20,) and the posterior after each of the stages."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1.0, 1.0, max(STAGES))
    y = features(x) @ TRUE + np.sqrt(NOISE) * rng.normal(size=len(x))
    posterior = WeightPosterior.prior(np.full(2, PRIOR), NOISE)
    stages = {0: posterior}
    for n, (row, answer) in enumerate(zip(features(x), y, strict=True), start=1):
        posterior = posterior.update(row, answer)
        stages[n] = posterior
    return x, y, {n: stages[n] for n in STAGES}


def draw_weights(ax: Axes, posterior: WeightPosterior, title: str) -> None:
    """The density of the two weights, with the true ones."""
    w0, w1 = np.meshgrid(np.linspace(-1.5, 1.5, 121), np.linspace(-1.5, 1.5, 121), indexing="ij")
    off = np.stack([w0, w1], axis=-1) - posterior.mean
    distance = np.einsum("...i,ij,...j", off, np.linalg.inv(posterior.covariance), off)
    ax.contourf(w0, w1, np.exp(-0.5 * distance), levels=9, cmap=figures.FIELD_MAP)
    ax.plot(*TRUE, "+", color="white", ms=9, mew=1.5)
    figures.label(ax, "w0", "w1", title=title)
    ax.set_aspect("equal")


def draw_functions(
    axes: list[Axes], posterior: WeightPosterior, x: np.ndarray, y: np.ndarray, title: str
) -> None:
    """Six functions drawn from the posterior; then its mean with two standard deviations of an observation."""
    grid = np.linspace(-1.0, 1.0, 101)
    mean, variance = posterior.predict(features(grid))
    axes[0].plot(grid, features(grid) @ posterior.draws(6, seed=1).T, lw=1.0, color=figures.COLOURS[0])
    axes[1].plot(grid, mean, lw=1.2, color=figures.COLOURS[0], label="mean")
    band = 2.0 * np.sqrt(variance)
    axes[1].fill_between(grid, mean - band, mean + band, color=figures.COLOURS[5], alpha=0.35, lw=0)
    axes[1].plot(grid, features(grid) @ TRUE, lw=1.0, ls="--", color="0.3", label="truth")
    for ax in axes:
        ax.plot(x, y, "o", ms=3.0, color=figures.COLOURS[1])
        ax.set_ylim(-2.5, 2.5)
        figures.label(ax, "x", "y", title=title)


def outside(seed: int = 0) -> dict[str, np.ndarray]:
    """Mean, std, truth and whether inside the domain, each (111,), on [0, 11]; and the runs."""
    rng = np.random.default_rng(seed)
    x = np.sort(rng.uniform(0.0, 10.0, (30, 1)), axis=0)
    z = np.sqrt(x) * np.sin(x) + 0.2 * rng.normal(size=x.shape)
    grid = np.linspace(0.0, 11.0, 111)[:, None]
    mean, std = Bayes(BayesConfig(degree=9, prior="ridge")).fit(x, z, seed=0).predict(grid)
    truth = np.sqrt(grid) * np.sin(grid)
    found = {"x": grid, "mean": mean, "std": std, "truth": truth}
    return {name: array[:, 0] for name, array in found.items()} | {
        "inside": Domain.fit(x).inside(grid),
        "runs": np.hstack([x, z]),
    }


def main(folder: Path) -> tuple[dict[int, WeightPosterior], dict[str, np.ndarray]]:
    """Learns, draws both figures, returns the posteriors by number of runs and the answers on [0, 11]."""
    x, y, stages = run_by_run()
    figure, axes = figures.panels(len(stages), 3, (2.8, 2.4))
    for row, (n, posterior) in enumerate(stages.items()):
        draw_weights(axes[3 * row], posterior, f"posterior, n = {n}")
        draw_functions(axes[3 * row + 1 : 3 * row + 3], posterior, x[:n], y[:n], f"n = {n}")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bayesian_regression.png").write_bytes(figures.png(figure))
    found = outside()
    figure, (ax,) = figures.panels()
    ax.plot(found["x"], found["mean"], **figures.line_style(0) | {"marker": ""}, label="mean, two stds")
    low, high = (found["mean"] + sign * 2.0 * found["std"] for sign in (-1.0, 1.0))
    ax.fill_between(found["x"], low, high, color=figures.COLOURS[5], alpha=0.35, lw=0)
    ax.plot(found["x"], found["truth"], lw=1.0, ls="--", color="0.3", label="truth")
    ax.plot(*found["runs"].T, "o", ms=3.0, color=figures.COLOURS[1], label="runs")
    ax.axvspan(found["x"][~found["inside"]].min(), 11.0, color="0.9", label="outside the domain")
    figures.label(ax, "x", "y")
    ax.legend(fontsize=8, frameon=False)
    (folder / "outside_the_data.png").write_bytes(figures.png(figure))
    return stages, found


if __name__ == "__main__":
    posteriors, answers = main(Path(sys.argv[1] if len(sys.argv) > 1 else "var"))
    for n, one in posteriors.items():
        spread = np.sqrt(np.diag(one.covariance))
        print(f"{n:2d} runs: w = {one.mean.round(3)}, standard deviations {spread.round(3)}")
    last = {name: float(answers[name][-1]) for name in ("mean", "std", "truth")}
    print(
        "at x = 11:",
        {name: round(value, 2) for name, value in last.items()},
        "inside:",
        answers["inside"][-1],
    )
