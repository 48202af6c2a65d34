"""Gaussian process regression of latent coordinates, the class of the kind `gp`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, cast

import numpy as np
import torch

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.autograd import jacobian
from fieldwright.surrogates.gaussian_process import exact
from fieldwright.surrogates.gaussian_process.fidelity import Autoregressive
from fieldwright.surrogates.gaussian_process.joint_choice import chosen_jointly, modes_down_to
from fieldwright.surrogates.gaussian_process.kernel import Hyperparameters, Structure
from fieldwright.surrogates.gaussian_process.levels import fit_levels
from fieldwright.surrogates.gaussian_process.posterior import Posterior
from fieldwright.surrogates.gaussian_process.posterior_graph import posterior_graph
from fieldwright.surrogates.gaussian_process.prepared_posterior import PreparedPosterior
from fieldwright.surrogates.gaussian_process.prior import Prior
from fieldwright.surrogates.gaussian_process.repeats import Heteroscedastic, Pooled, noise_pattern
from fieldwright.surrogates.gaussian_process.sparse import inducing_points, sparse_posterior
from fieldwright.surrogates.gaussian_process.variance import variance_ratios
from fieldwright.surrogates.persistence.states import part
from fieldwright.surrogates.portable.graph import Node
from fieldwright.surrogates.regressors.gp import GPConfig

SEARCHED = 1e-2
"""Size of a mode, relative to the largest of its field, down to which its kernel is searched with all care."""
CHECKED = 0.1
"""Size down to which its errors at left-out runs say how far its variance is too small."""


class GP:
    """z ~ GP(c, k) + noise for each latent coordinate, hyperparameters by maximum posterior likelihood.

    Repeated runs are pooled; where they tell that the noise changes from place to place, so does the model's.
    Source: Rasmussen & Williams, Gaussian Processes for Machine Learning, 2006, chapters 2 and 5.

    evaluations_: how many likelihoods the exact engine computed.
    """

    def __init__(self, config: GPConfig) -> None:
        self.config = config
        self.sizes: np.ndarray | None = None
        self._prepared: PreparedPosterior | None = None

    def weigh(self, sizes: np.ndarray) -> None:
        """Take what each mode (r,) weighs in the error of the fields; with it one choice is made for all modes."""
        self.sizes = sizes

    def fit(self, x: np.ndarray, z: np.ndarray, seed: int, start: GP | None = None) -> Self:
        """Learns from x (n, p) and z (n, r); start: an earlier fit, whose hyperparameters are followed further.

        Raises ModelError for a `linear_in` or `fidelity` that x does not have.
        """
        self._check(x)
        x, z = np.asarray(x, dtype=np.float64), np.asarray(z, dtype=np.float64)
        self.evaluations_ = 0
        if self.config.fidelity is not None:
            prior = self._levels(x, z, self.config.fidelity, seed)
            places, values = torch.from_numpy(x), torch.from_numpy(z)
            return self._conditioned(places, values, prior, prior.noise_at(places), seed)
        pooled = Pooled.of(x, z)
        pattern = noise_pattern(pooled)
        places, values = torch.from_numpy(pooled.x), torch.from_numpy(pooled.z)
        level = torch.ones_like(values) if pattern is None else torch.exp(pattern.predict(places)[0])
        hyper = self._hyperparameters(pooled, level.numpy(), seed, start, noise_changes=pattern is not None)
        prior = hyper if pattern is None else Heteroscedastic(hyper, pattern)
        noise = prior.noise_at(places) / torch.from_numpy(pooled.counts)
        return self._conditioned(places, values, prior, noise, seed)

    def _conditioned(
        self, x: torch.Tensor, z: torch.Tensor, prior: Prior, noise: torch.Tensor, seed: int
    ) -> Self:
        if len(x) <= self.config.max_exact:
            self.posterior_ = Posterior.condition(x, z, prior, noise)
        else:
            inducing = inducing_points(x, prior, self.config.inducing, seed)
            self.posterior_ = sparse_posterior(x, z, prior, noise, inducing)
        return self

    def _check(self, x: np.ndarray) -> None:
        positions_by_setting = {"linear_in": self.config.linear_in, "fidelity": (self.config.fidelity or 0,)}
        for setting, positions in positions_by_setting.items():
            wrong = [j for j in positions if not 0 <= j < x.shape[1]]
            if wrong:
                raise ModelError(
                    f"'{setting}' must name positions of parameters in 0..{x.shape[1] - 1}",
                    f"{wrong[0]}",
                    "Count them from 0 in the order of the study file",
                )

    def _levels(self, x: np.ndarray, z: np.ndarray, position: int, seed: int) -> Autoregressive:
        config = self.config
        families = ("matern52", "rbf") if config.kernel == "auto" else (structure_of(config).family,)
        return fit_levels(
            x, z, position, families, restarts=config.restarts, seed=seed, most=config.learn_runs
        )

    def _hyperparameters(
        self, pooled: Pooled, level: np.ndarray, seed: int, start: GP | None, *, noise_changes: bool
    ) -> Hyperparameters:
        config = self.config
        if config.engine == "gpytorch":
            # Its import takes seconds, which an endpoint that only predicts should not wait for.
            from fieldwright.surrogates.gaussian_process import batched

            rows = np.sort(np.random.default_rng(seed).permutation(len(pooled.x))[: config.learn_runs])
            return batched.fit_hyperparameters_batched(
                pooled.x[rows], pooled.z[rows], structure_of(config), restarts=config.restarts, seed=seed
            )
        start_hyperparameters = (
            start.hyperparameters if start is not None and start.config.fidelity is None else None
        )
        if (
            start_hyperparameters is not None
            and start_hyperparameters.lengthscale.shape[1] != pooled.x.shape[1]
        ):
            start_hyperparameters = None
        sizes = self.sizes if config.kernel == "auto" and start_hyperparameters is None else None
        if sizes is not None and (len(sizes) == 1 or noise_changes):
            sizes = None
        samples = pooled.samples(level)
        sets, self.evaluations_ = exact.fit_hyperparameters(
            pooled.x,
            samples,
            structure_of(config),
            discover=config.kernel == "auto",
            restarts=config.restarts,
            seed=seed,
            most=config.learn_runs,
            start=start_hyperparameters,
            families=() if sizes is None else ("matern52", "rbf"),
            searched=None if sizes is None else modes_down_to(sizes, SEARCHED),
        )
        hyper = sets[0]
        if sizes is not None:
            # The likeliest of each mode, and all of them squared exponential.
            hyper = chosen_jointly(pooled.x, pooled.z, pooled.counts, sizes, [sets[0], sets[2]], seed)
        if noise_changes:
            return hyper
        outputs = np.ones(len(samples), dtype=bool) if sizes is None else modes_down_to(sizes, CHECKED)
        likeliest = any(hyper is each for each in sets)
        return hyper.with_variance(
            variance_ratios(pooled.x, samples, hyper, outputs, seed, searched=likeliest)
        )

    @property
    def hyperparameters(self) -> Hyperparameters:
        """Those of every output, of a process without levels."""
        prior = self.posterior_.hyper
        return cast(Hyperparameters, prior.base if isinstance(prior, Heteroscedastic) else prior)

    def updated(self, x: np.ndarray, z: np.ndarray) -> GP:
        """With more runs x (k, p), z (k, r) and the hyperparameters there are, exactly, in O(n^2 k).

        Raises ModelError where the posterior is variational, which has no rows to add to.
        """
        if len(self.posterior_.x) >= self.config.max_exact:
            raise ModelError(
                f"A process can take up single runs below {self.config.max_exact} ('max_exact') of them",
                f"{len(self.posterior_.x)}",
                "Fit it anew, with this one as start",
            )
        result = GP(self.config)
        places, values = (torch.as_tensor(a, dtype=torch.float64) for a in (x, z))
        result.posterior_ = self.posterior_.extended(places, values)
        result.evaluations_ = 0
        return result

    def predict(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and std, each (q, r), of the predictive distribution at x (q, p)."""
        device = self.posterior_.x.device
        if device.type == "cpu":
            # Made at the first question; what is kept changes no answer.
            if self._prepared is None or self._prepared.posterior is not self.posterior_:
                self._prepared = PreparedPosterior(self.posterior_)
            return self._prepared.predict(np.asarray(x, dtype=np.float64))
        mean, std = self.posterior_.predict(torch.as_tensor(x, dtype=torch.float64, device=device))
        return mean.cpu().numpy(), std.cpu().numpy()

    def graph(self, x: Node) -> tuple[Node, Node]:
        """Mean and std, each (r,), at x (p,); raises ModelError for a process with levels of fidelity."""
        return posterior_graph(self.posterior_, x)

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        """Return d mean_r / d x_j (q, r, p) at x (q, p), by autograd."""
        queries = torch.as_tensor(x, dtype=torch.float64, device=self.posterior_.x.device)
        return jacobian(lambda u: self.posterior_.predict(u)[0], queries)

    def to(self, device: str) -> None:
        """Moves the posterior to a torch device."""
        self.posterior_ = self.posterior_.to(device)

    def state(self) -> dict[str, np.ndarray]:
        """All that was learned, as named arrays."""
        return self.posterior_.state()

    @classmethod
    def restore(cls, config: Any, state: Mapping[str, np.ndarray]) -> Self:
        """The fitted process again."""
        process = cls(config)
        process.posterior_ = Posterior.restore(restored_prior(part(state, "hyper.")), state)
        process.evaluations_ = 0
        return process


def restored_prior(state: Mapping[str, np.ndarray]) -> Prior:
    """The prior again, of the form that its arrays tell."""
    if "noise" in state:
        return Hyperparameters.restore(state)
    return Autoregressive.restore(state) if "rho" in state else Heteroscedastic.restore(state)


def structure_of(config: GPConfig) -> Structure:
    """Of the kernel; the likelihood changes it where `kernel` is "auto"."""
    family = "matern52" if config.kernel == "auto" else config.kernel.removeprefix("linear+")
    return Structure(family, config.kernel.startswith("linear+"), tuple(sorted(config.linear_in)))
