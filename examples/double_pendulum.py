"""The double pendulum forecast from half a second of measurement: LSTM against DMD and a plain LSTM.

    python -m examples.double_pendulum [folder]

solves 40 pendulums let go from up to one radian, learns from windows of them, and follows 20 new ones for 10 seconds.
It prints when each forecast leaves the truth by more than 0.3 rad and how far its energy has drifted by the end, and
draws one of them into folder/double_pendulum.png. Energy is conserved; no model knows it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from fieldwright.physics.solvers.double_pendulum import DoublePendulum, time_to_divergence
from fieldwright.surrogates import figures
from fieldwright.surrogates.regressors.dmd import DMD, DMDConfig
from fieldwright.surrogates.regressors.lstm import LSTM, LSTMConfig

STEP, SECONDS, HISTORY, WINDOW = 0.05, 10.0, 10, 30
HIDDEN, ITERATIONS, RATE, BATCH = 32, 600, 1e-2, 128
PENDULUM = DoublePendulum()
Forecast = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Motions:
    """times: (t,) [s]. train, test: states (n, t, 4). windows: stretches (w, WINDOW, 4) of the training."""

    times: np.ndarray
    train: np.ndarray
    test: np.ndarray
    windows: np.ndarray


def motions(train: int = 40, test: int = 20, windows: int = 400, seed: int = 0) -> Motions:
    """Pendulums let go at rest from angles within one radian, and random windows of those to learn from."""
    rng = np.random.default_rng(seed)
    times = STEP * np.arange(round(SECONDS / STEP) + 1)
    first = np.zeros((train + test, 4))
    first[:, :2] = rng.uniform(-1.0, 1.0, (train + test, 2))
    states = PENDULUM.trajectories(first, times)
    runs, starts = rng.integers(train, size=windows), rng.integers(len(times) - WINDOW + 1, size=windows)
    cut = np.stack([states[run, at : at + WINDOW] for run, at in zip(runs, starts, strict=True)])
    return Motions(times, states[:train], states[train:], cut)


def ours(name: str, data: Motions, iterations: int = ITERATIONS) -> Forecast:
    """The kind 'dmd' or 'lstm' on windows scaled to unit variance."""
    scale = data.windows.reshape(-1, 4).std(axis=0)
    settings = LSTMConfig(
        hidden=HIDDEN, members=2, iterations=iterations, rate=RATE, batch=BATCH, forcing=0.2
    )
    model = DMD(DMDConfig()) if name == "dmd" else LSTM(settings)
    model.fit(np.zeros((len(data.windows), 0)), data.windows / scale, seed=0, history=HISTORY)
    return lambda history: scale * model.roll(np.zeros((len(history), 0)), history / scale, len(data.times))


def plain_lstm(data: Motions, iterations: int = ITERATIONS) -> Forecast:
    """As in the textbooks: an LSTM of the same size and training that answers the next state, taught by true ones."""
    scale = torch.tensor(data.windows.reshape(-1, 4).std(axis=0))
    windows = torch.tensor(data.windows) / scale
    with torch.random.fork_rng():
        torch.manual_seed(0)
        cell = torch.nn.LSTM(4, HIDDEN, batch_first=True, dtype=torch.float64)
        out = torch.nn.Linear(HIDDEN, 4, dtype=torch.float64)
        optimiser = torch.optim.Adam([*cell.parameters(), *out.parameters()], lr=RATE)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, iterations)
        for _ in range(iterations):
            rows = windows[torch.randperm(len(windows))[:BATCH]]
            optimiser.zero_grad()
            (out(cell(rows[:, :-1])[0]) - rows[:, 1:]).square().mean().backward()
            optimiser.step()
            schedule.step()

    def forecast(history: np.ndarray) -> np.ndarray:
        found = torch.tensor(history) / scale
        with torch.no_grad():
            inner, state = cell(found)
            for _ in range(history.shape[1], len(data.times)):
                found = torch.cat([found, out(inner[:, -1:])], dim=1)
                inner, state = cell(found[:, -1:], state)
        return (found * scale).numpy()

    return forecast


def judged(data: Motions, forecast: Forecast) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """States (n, t, 4), seconds after the history until they diverge (n,), and |energy drift| by the end (n,)."""
    states = forecast(data.test[:, :HISTORY])
    divergence = time_to_divergence(data.test, states, data.times) - data.times[HISTORY - 1]
    true = PENDULUM.energy(data.test[:, 0])
    return states, divergence, np.abs(PENDULUM.energy(states[:, -1]) - true) / true


def main(folder: Path, iterations: int = ITERATIONS, **sizes: int) -> dict[str, tuple[float, float]]:
    """Trains, draws, and returns for each model the median seconds until divergence and the median energy drift."""
    data = motions(**sizes)
    forecasts = {"dmd": ours("dmd", data), "lstm": ours("lstm", data, iterations)}
    forecasts["plain LSTM"] = plain_lstm(data, iterations)
    figure, (ax,) = figures.panels(size=(7.0, 3.0))
    ax.plot(data.times, data.test[0, :, 0], **figures.line_style(0), label="solved")
    found = {}
    for index, (name, forecast) in enumerate(forecasts.items(), start=1):
        states, divergence, drift = judged(data, forecast)
        ax.plot(data.times, states[0, :, 0].clip(-1.5, 1.5), **figures.line_style(index), label=name)
        found[name] = float(np.median(divergence)), float(np.median(drift))
    figures.label(ax, "time", "upper angle", x_unit="s", y_unit="rad")
    ax.legend(ncols=4)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "double_pendulum.png").write_bytes(figures.png(figure))
    return found


if __name__ == "__main__":
    result = main(Path(sys.argv[1] if len(sys.argv) > 1 else "var"))
    print("model        median seconds until 0.3 rad off    median energy drift")
    for name, (seconds, drift) in result.items():
        print(f"{name:12} {seconds:33.2f} {drift:22.1%}")
