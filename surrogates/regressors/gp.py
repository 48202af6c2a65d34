"""Gaussian process regression, with its own kernel and hyperparameters for every latent coordinate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from fieldwright.surrogates.regressors import KindConfig, register
from fieldwright.surrogates.search.search_space import Choice, Choices


class GPConfig(KindConfig):
    """Settings of the Gaussian process.

    kernel: ARD Matern 3/2 or 5/2 or squared exponential (rbf), each also with a linear part, which extrapolates
    a trend; "auto" lets the likelihood choose for every latent coordinate, and errors of left-out runs whether that,
    squared exponentials alone or one kernel of all coordinates predicts a field best. linear_in: positions, from
    0, of parameters in which the fields are linear on the scale they enter, such as loads: the kernel is bilinear in
    them; "auto" also looks for more of them. engine: "exact" follows analytic gradients
    output by output; "gpytorch" trains all outputs in one batched model, where "auto" is Matern 5/2.
    restarts: drawn starting points that are followed beside the first; they cost time and seldom predict better.
    learn_runs: hyperparameters are learned from at most so many runs, drawn by the seed; the answers rest on
    all. fidelity: position, from 0, of the parameter that tells how fine a run is, greater for finer, whatever its
    numbers, on its raw scale: each level is a multiple of the one below plus a difference, of the kernel only the
    family counts. max_exact: up to so many runs the answers are exact, beyond they are variational. inducing:
    number of inducing points at most, by which a variational answer sees the runs.
    """

    kind: Literal["gp"] = "gp"
    modes: Literal["predictable", "all", "affordable"] = "affordable"
    kernel: Literal[
        "auto", "matern32", "matern52", "rbf", "linear+matern32", "linear+matern52", "linear+rbf"
    ] = "auto"
    linear_in: tuple[int, ...] = ()
    engine: Literal["exact", "gpytorch"] = "exact"
    restarts: int = Field(default=0, ge=0, le=20)
    learn_runs: int = Field(default=300, ge=20)
    fidelity: int | None = Field(default=None, ge=0)
    max_exact: int = Field(default=2000, ge=2)
    inducing: int = Field(default=512, ge=2, le=4096)

    cost: ClassVar[float] = 1.0
    space: ClassVar[Mapping[str, Choice]] = {
        "kernel": Choices(("auto", "matern52", "rbf", "matern32", "linear+matern52")),
        "restarts": Choices((0, 3)),
    }

    @classmethod
    def suits(cls, runs: int, parameters: int, times: int | None) -> bool:
        """In few dozen parameters; beyond, distances of runs are all alike."""
        return parameters <= 40


register(GPConfig, "fieldwright.surrogates.gaussian_process.process:GP")
