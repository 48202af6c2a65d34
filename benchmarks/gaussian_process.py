"""Fit of Gaussian processes on 200 runs x 20 modes: ours, batched gpytorch, scikit-learn.

Run it as `OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python -m benchmarks.gaussian_process`. Each likelihood is that of
the hyperparameters found, the sum over the modes, without any prior: lower is better. CPU seconds are of the fit.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from fieldwright.surrogates.fields.transforms.scaler import Scaler
from fieldwright.surrogates.gaussian_process import batched
from fieldwright.surrogates.gaussian_process.kernel import Hyperparameters, Structure
from fieldwright.surrogates.gaussian_process.posterior import cholesky
from fieldwright.surrogates.reductions import reduction_config, reduction_for
from fieldwright.surrogates.regressors import kind_config, regressor_for

REAL = Path(__file__).parents[2] / "shared" / "data" / "rom" / "graetz.npz"


def modes(real: bool) -> tuple[np.ndarray, np.ndarray]:
    """Scaled parameters (200, 2) and scaled latent coordinates (200, 20) of a field."""
    if real:
        with np.load(REAL) as file:
            x, field = file["params"].astype(np.float64), file["snapshots"].astype(np.float64)
    else:
        # The wake of a moving source: advection and diffusion in closed form.
        x = np.random.default_rng(0).uniform(size=(200, 2))
        s = np.linspace(0.0, 1.0, 2000)
        width = 0.02 + 0.1 * x[:, 1, None]
        field = np.exp(-(((s - 0.2 - 0.6 * x[:, 0, None]) / width) ** 2)) / np.sqrt(width)
    latent = reduction_for(reduction_config({"kind": "svd", "rank": 20})).fit(field, seed=0).encode(field)
    return Scaler.fit(x).scaled(x), Scaler.fit(latent).scaled(latent)


def negative_log_likelihood(x: np.ndarray, z: np.ndarray, hyper: Hyperparameters) -> float:
    """Sum over the outputs, without any prior."""
    runs = torch.from_numpy(x)
    factor = cholesky(hyper.covariance(runs, runs) + torch.diag_embed(hyper.noise_at(runs)))
    residual = torch.from_numpy(z.T) - hyper.mean(runs)
    whitened = torch.linalg.solve_triangular(factor, residual[..., None], upper=False)
    logs = factor.diagonal(dim1=1, dim2=2).log().sum()
    return float(0.5 * whitened.square().sum() + logs + 0.5 * z.size * np.log(2.0 * np.pi))


def ours(x: np.ndarray, z: np.ndarray, **settings) -> float:
    """Fits, and returns the likelihood of what was found."""
    fitted = regressor_for(kind_config({"kind": "gp", **settings})).fit(x, z, seed=0)
    return negative_log_likelihood(x, z, getattr(fitted, "hyperparameters"))  # noqa: B009


def scikit_learn(x: np.ndarray, z: np.ndarray, restarts: int) -> float:
    """One process for each output, its gradients analytic too."""
    total = 0.0
    for column in z.T:
        kernel = ConstantKernel(1.0, (1e-4, 1e5)) * Matern([2.0] * x.shape[1], (1e-2, 1e4), nu=2.5)
        model = GaussianProcessRegressor(
            kernel + WhiteKernel(1e-4, (1e-10, 1e1)), alpha=0.0, n_restarts_optimizer=restarts, random_state=0
        )
        total -= float(model.fit(x, column).log_marginal_likelihood_value_)
    return total


def adam(x: np.ndarray, z: np.ndarray, steps: int) -> float:
    """Batched gpytorch in the way of its tutorials: Adam of rate 0.1 on the sum of the likelihoods."""
    import gpytorch

    inputs, outputs = torch.from_numpy(x), torch.from_numpy(z)
    with gpytorch.settings.max_cholesky_size(len(x) + 1):
        model = batched.initial_model(inputs, outputs, Structure(), None)
        likelihood = gpytorch.mlls.ExactMarginalLogLikelihood(model.gaussian, model)
        optimiser = torch.optim.Adam(model.parameters(), lr=0.1)
        model.train()
        for _ in range(steps):
            optimiser.zero_grad()
            loss = -torch.as_tensor(likelihood(model(model.inputs), model.targets)).sum()
            loss.backward()
            optimiser.step()
    return negative_log_likelihood(x, z, model.hyperparameters())


ROWS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "ours, Matern 5/2, restarts = 0": lambda x, z: ours(x, z, kernel="matern52", restarts=0),
    "ours, Matern 5/2": lambda x, z: ours(x, z, kernel="matern52"),
    "ours, kernel by likelihood (default)": lambda x, z: ours(x, z),
    "batched gpytorch, L-BFGS": lambda x, z: ours(x, z, engine="gpytorch", kernel="matern52", restarts=0),
    "batched gpytorch, 100 steps of Adam": lambda x, z: adam(x, z, 100),
    "scikit-learn": lambda x, z: scikit_learn(x, z, 0),
}


def main() -> None:
    """Prints a table for each set of data."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", nargs="*", default=list(ROWS), help="which of the methods")
    rows = parser.parse_args().rows
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", ConvergenceWarning)
    for name, real in {"closed form": False, "graetz": True}.items():
        if real and not REAL.exists():
            print(f"{name}: left out, the data is not beside this checkout")
            continue
        x, z = modes(real)
        print(f"\n### {name}: {len(x)} runs x {z.shape[1]} modes, {x.shape[1]} parameters\n")
        print("| method | CPU s | negative log likelihood |\n|---|---|---|")
        # The first fit of a process pays for imports.
        ours(x[:20], z[:20, :1], engine="gpytorch", restarts=0)
        for row in rows:
            start = time.process_time()
            value = ROWS[row](x, z)
            print(f"| {row} | {time.process_time() - start:.2f} | {value:.1f} |", flush=True)


if __name__ == "__main__":
    main()
