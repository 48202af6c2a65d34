"""Nonlinear reductions against the POD of their rank, by five-fold cross-validation on real and made snapshots.

    python -m benchmarks.reduction.nonlinear        (run from the root of the checkout)

Prints the relative error of held-out snapshots and what `surrogates.reductions.selection.contest` chooses.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fieldwright.surrogates.reductions.autoencoder import AutoencoderConfig
from fieldwright.surrogates.reductions.kernel_pca import KernelPCAConfig
from fieldwright.surrogates.reductions.selection import contest
from fieldwright.surrogates.reductions.vae import VAEConfig

REAL = Path(__file__).parents[3] / "shared" / "data" / "rom"


def sets() -> Iterator[tuple[str, np.ndarray]]:
    """Names and snapshots (n, m)."""
    x = np.linspace(0.0, 1.0, 400)
    shift = np.random.default_rng(0).uniform(0.2, 0.8, (60, 1))
    yield "moving front (60 x 400, made)", np.tanh((x - shift) * 40)
    for file, key, name in [
        ("airfoil_transonic.npz", "pressure", "transonic pressure on a section (100 x 448)"),
        ("graetz.npz", "snapshots", "advection-diffusion (200 x 5160)"),
    ]:
        if (REAL / file).exists():
            yield name, np.load(REAL / file)[key].astype(np.float64)
        else:
            print(f"{name}: left out, {REAL / file} is not there")


def main() -> None:
    """Prints one table for all sets and ranks."""
    print("| snapshots | rank | POD | kernel PCA | autoencoder | VAE | chosen | CPU s |")
    print("|---|---|---|---|---|---|---|---|")
    for name, snapshots in sets():
        for rank in (1, 2, 3, 5):
            candidates = [kind(rank=rank) for kind in (KernelPCAConfig, AutoencoderConfig, VAEConfig)]
            start = time.process_time()
            found = contest(candidates, snapshots)
            seconds = time.process_time() - start
            error = dict(zip(found.candidates, np.sqrt((found.errors**2).mean(axis=1)), strict=True))
            cells = [f"{value:.3f}" for _, value in sorted(error.items(), key=lambda e: _order(e[0].kind))]
            print(
                f"| {name} | {rank} | {' | '.join(cells)} | {found.config.kind} | {seconds:.0f} |", flush=True
            )


def _order(kind: str) -> int:
    return ["svd", "kernel_pca", "autoencoder", "vae"].index(kind)


if __name__ == "__main__":
    main()
