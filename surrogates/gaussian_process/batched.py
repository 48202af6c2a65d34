"""Hyperparameters by gpytorch: all outputs in one batched model, its gradients by autograd."""

from __future__ import annotations

import math
from dataclasses import fields

import gpytorch
import numpy as np
import torch
from gpytorch.constraints import Interval

from fieldwright.surrogates.gaussian_process.kernel import (
    BILINEAR,
    FAMILIES,
    LENGTHSCALES,
    LINEAR,
    OUTPUTSCALES,
    PRIOR_VARIANCE,
    Hyperparameters,
    Structure,
    prior_centre,
)

STEPS = 200
NOISE = (1e-8, 1.5)
"""Bounds of the noise variance of outputs of unit variance."""


class BatchedModel(gpytorch.models.ExactGP):
    """Independent GPs of r outputs: constant mean, one ARD kernel of a family, a linear part, a bilinear factor."""

    def __init__(
        self,
        x: torch.Tensor,
        z: torch.Tensor,
        likelihood: gpytorch.likelihoods.GaussianLikelihood,
        structure: Structure,
    ) -> None:
        inputs, targets = x.expand(z.shape[1], *x.shape), z.T.contiguous()
        super().__init__(inputs, targets, likelihood)
        self.inputs, self.targets, self.structure = inputs, targets, structure
        batch, self.p = torch.Size([z.shape[1]]), x.shape[1]
        self.mean_module = gpytorch.means.ConstantMean(batch_shape=batch)
        self.gaussian = likelihood
        self.loads = list(structure.linear_in)
        self.curved = [j for j in range(self.p) if j not in self.loads]
        shape = {
            "ard_num_dims": len(self.curved),
            "active_dims": tuple(self.curved),
            "batch_shape": batch,
            "lengthscale_constraint": Interval(*LENGTHSCALES),
        }
        self.stationary = (
            gpytorch.kernels.RBFKernel(**shape)
            if structure.family == "rbf"
            else gpytorch.kernels.MaternKernel(
                nu={"matern32": 1.5, "matern52": 2.5}[structure.family], **shape
            )
        )
        self.smooth = gpytorch.kernels.ScaleKernel(
            self.stationary, batch_shape=batch, outputscale_constraint=Interval(*OUTPUTSCALES)
        )
        self.bilinear = self._slopes(batch, self.loads, BILINEAR) if self.loads else None
        self.straight = self._slopes(batch, list(range(self.p)), LINEAR) if structure.linear else None

    @staticmethod
    def _slopes(
        batch: torch.Size, active: list[int], bounds: tuple[float, float]
    ) -> gpytorch.kernels.LinearKernel:
        return gpytorch.kernels.LinearKernel(
            ard_num_dims=len(active),
            active_dims=tuple(active),
            batch_shape=batch,
            variance_constraint=Interval(*bounds),
        )

    def forward(self, x: torch.Tensor) -> gpytorch.distributions.MultivariateNormal:
        """Return the prior distribution of the outputs at x."""
        covariance = self.smooth(x)
        if self.bilinear is not None:
            covariance = covariance + covariance * self.bilinear(x)
        if self.straight is not None:
            covariance = covariance + self.straight(x)
        return gpytorch.distributions.MultivariateNormal(torch.as_tensor(self.mean_module(x)), covariance)

    def hyperparameters(self) -> Hyperparameters:
        """What was learned, detached."""
        r, noise = len(self.targets), self.gaussian.noise.detach()[:, 0]
        lengthscale = noise.new_full((r, self.p), math.inf)
        linear, bilinear = noise.new_zeros(r, self.p), noise.new_zeros(r, self.p)
        lengthscale[:, self.curved] = self.stationary.lengthscale.detach()[:, 0]
        if self.straight is not None:
            linear = torch.as_tensor(self.straight.variance).detach()[:, 0].clone()
        if self.bilinear is not None:
            bilinear[:, self.loads] = torch.as_tensor(self.bilinear.variance).detach()[:, 0]
        return Hyperparameters(
            lengthscale=lengthscale,
            outputscale=torch.as_tensor(self.smooth.outputscale).detach().clone(),
            linear=linear,
            bilinear=bilinear,
            noise=noise.clone(),
            constant=torch.as_tensor(self.mean_module.constant).detach().clone(),
            family=torch.full((r,), FAMILIES.index(self.structure.family)),
        )


def fit_hyperparameters_batched(
    x: np.ndarray, z: np.ndarray, structure: Structure, *, restarts: int, seed: int
) -> Hyperparameters:
    """Of every column of z (n, r) over x (n, p): the best of 1 + restarts runs of L-BFGS, output by output.

    The objective is that of the exact engine, the prior of the lengthscales included.
    """
    generator = torch.Generator().manual_seed(seed)
    inputs, outputs = torch.from_numpy(x), torch.from_numpy(z)
    best, least = None, torch.full((z.shape[1],), math.inf, dtype=torch.float64)
    with (
        gpytorch.settings.max_cholesky_size(len(x) + 1),
        gpytorch.settings.fast_computations(False, False, False),
    ):
        for attempt in range(1 + restarts):
            model = initial_model(inputs, outputs, structure, generator if attempt else None)
            losses = _optimised(model, inputs.shape[1])
            hyper, better = model.hyperparameters(), losses < least
            least = torch.where(better, losses, least)
            best = hyper if best is None else _where_better(better, hyper, best)
    assert best is not None
    return best


def initial_model(
    x: torch.Tensor, z: torch.Tensor, structure: Structure, generator: torch.Generator | None
) -> BatchedModel:
    """The model of z (n, r) over x (n, p) at the common start, or about it where a generator draws."""
    likelihood = gpytorch.likelihoods.GaussianLikelihood(
        noise_constraint=Interval(*NOISE), batch_shape=torch.Size([z.shape[1]])
    )
    model = BatchedModel(x, z, likelihood, structure).double()
    shape = (z.shape[1], 1, len(model.curved))
    draw = torch.randn(shape, generator=generator, dtype=x.dtype) if generator else torch.zeros(shape)
    model.stationary.lengthscale = torch.exp(prior_centre(x.shape[1]) - 1.0 + draw)
    model.smooth.outputscale = torch.ones(z.shape[1])
    likelihood.noise = torch.full((z.shape[1], 1), 1e-4)
    return model


def _optimised(model: BatchedModel, p: int) -> torch.Tensor:
    """Runs L-BFGS on the sum of the objectives and returns them, (r,)."""
    likelihood = gpytorch.mlls.ExactMarginalLogLikelihood(model.gaussian, model)
    optimiser = torch.optim.LBFGS(model.parameters(), max_iter=STEPS, line_search_fn="strong_wolfe")
    model.train()

    def objectives() -> torch.Tensor:
        # gpytorch divides the likelihood by the number of runs.
        logs = model.stationary.lengthscale.log()[:, 0]
        prior = ((logs - prior_centre(p)) ** 2).sum(dim=1) / (2.0 * PRIOR_VARIANCE)
        log_likelihood = likelihood(model(model.inputs), model.targets)
        return prior - model.inputs.shape[1] * torch.as_tensor(log_likelihood)

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        total = objectives().sum()
        total.backward()
        return total

    optimiser.step(closure)
    with torch.no_grad():
        return objectives()


def _where_better(better: torch.Tensor, new: Hyperparameters, old: Hyperparameters) -> Hyperparameters:
    def choose(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return torch.where(better.reshape(-1, *[1] * (a.ndim - 1)), a, b)

    return Hyperparameters(
        **{f.name: choose(getattr(new, f.name), getattr(old, f.name)) for f in fields(new)}
    )
