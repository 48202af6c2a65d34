"""Dynamic mode decomposition with delays and parameters: the linear baseline of everything that rolls out."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.domain.places import places
from fieldwright.surrogates.persistence.states import part, prefixed
from fieldwright.surrogates.regression.radial_basis import RadialBasis
from fieldwright.surrogates.regressors import register
from fieldwright.surrogates.search.search_space import Choice, Choices
from fieldwright.surrogates.trajectory.linear_operator import (
    OperatorForm,
    companions,
    fit_operators,
    roll_out,
    stabilised,
)
from fieldwright.surrogates.trajectory.sequence import SequenceConfig

DELAYS = (1, 2, 4, 8, 16)
DAMPINGS = (1e-9, 1e-6, 1e-3)
"""Of the least squares, relative to the largest singular value; left-out roll-outs choose."""
FOLDS = 4
LARGEST_STATE = 100
"""Delays times coordinates that "auto" tries: the eigenvalues of larger operators cost more than they bring."""
LEAST_STD = 1e-6


class DMDConfig(SequenceConfig):
    """Settings of dynamic mode decomposition.

    delays: past states that the next one depends on, or "auto": the number whose roll-outs of left-out runs are best.
    operator: "affine" lets the operator vary with the parameters, "control" its constant part alone; "auto" as above.
    stable: whether eigenvalues outside the unit circle are moved onto it.
    """

    cost: ClassVar[float] = 0.05
    space: ClassVar[Mapping[str, Choice]] = {"operator": Choices(("auto", "control"))}

    kind: Literal["dmd"] = "dmd"
    delays: Annotated[int, Field(ge=1, le=200)] | Literal["auto"] = "auto"
    operator: Literal["auto", "affine", "control"] = "auto"
    stable: bool = True


class DMD:
    """z_{k+1} = A(x) s_k + b(x) on delayed states s_k, A affine in the parameters; rolled out from the first stretch.

    The first stretch is measured, or a cubic RBF of the parameters. The std at each time is the root mean square
    error of the roll-outs of left-out runs, so it grows along the trajectory as these do. One operator for all runs
    rather than one for each, interpolated: it needs no matching of modes and stays defined for short runs. Source:
    Schmid, J. Fluid Mech. 656, 2010; delays: Arbabi & Mezic, SIAM J. Appl. Dyn. Syst. 16, 2017; control: Proctor,
    Brunton & Kutz, SIAM J. Appl. Dyn. Syst. 15, 2016.
    """

    def __init__(self, config: DMDConfig) -> None:
        self.config = config

    def fit(self, x: np.ndarray, z: np.ndarray, seed: int, history: int = 0) -> Self:
        """Learns from x (n, p) and z (n, t, r); nothing here is random. Raises ModelError."""
        n, times, _ = z.shape
        self.times_ = times
        # Neighbours are held out together: windows of one run overlap. A single run is also its own validation.
        place = places(x, decades=False)
        number = int(place.max()) + 1
        place, number = (place, number) if number > 1 else (np.arange(n), n)
        parts = np.array_split(np.arange(number), min(FOLDS, number))
        folds = [np.flatnonzero(np.isin(place, part)) for part in parts]
        best, lowest = None, np.inf
        for form in self._forms(x.shape[1], z, history):
            errors = np.zeros((len(DAMPINGS), *z.shape))
            for held_out in folds:
                training = np.setdiff1d(np.arange(n), held_out) if n > 1 else held_out
                self._first(form, x[training], z[training])
                for index, coefficients in enumerate(fit_operators(form, x[training], z[training], DAMPINGS)):
                    self.coefficients_ = coefficients
                    errors[index, held_out] = (
                        self.roll(x[held_out], z[held_out, :history] if history else None, times)
                        - z[held_out]
                    )
            for each, damping in zip(errors, DAMPINGS, strict=True):
                score = float(np.sum(each**2))
                if np.isfinite(score) and score < lowest:
                    best, lowest = (form, damping), score
                    self.std_ = np.maximum(np.sqrt(np.mean(each**2, axis=0)), LEAST_STD)
        if best is None:
            raise ModelError(
                "A roll-out of 'dmd' must stay finite on left-out runs",
                "roll-outs that grow beyond all bounds",
                "Set stable = true, or use another kind",
            )
        form, damping = best
        self._first(form, x, z)
        (self.coefficients_,) = fit_operators(form, x, z, (damping,))
        return self

    def _forms(self, parameters: int, z: np.ndarray, history: int) -> list[OperatorForm]:
        times, r = z.shape[1:]
        most = min(times - 1, history or times - 1)
        delays = self.config.delays
        if isinstance(delays, int) and delays > most:
            raise ModelError(
                f"The 'delays' of 'dmd' must be in 1..{most} (by the {times} times"
                + (f" and the history of {history})" if history else ")"),
                str(delays),
                'Lower it, or set delays = "auto"',
            )
        candidates = [d for d in DELAYS if d == 1 or (d <= most and 2 * d < times and d * r <= LARGEST_STATE)]
        candidates = [delays] if isinstance(delays, int) else candidates
        operators = {"affine": (True,), "control": (False,), "auto": (True, False)}[self.config.operator]
        return list(
            itertools.starmap(
                OperatorForm, itertools.product(candidates, operators if parameters else (False,))
            )
        )

    def _first(self, form: OperatorForm, x: np.ndarray, z: np.ndarray) -> None:
        self.form_ = form
        self.first_ = RadialBasis.fit(x, z[:, : form.delays].reshape(len(z), -1))[0]

    def roll(self, x: np.ndarray, history: np.ndarray | None, steps: int) -> np.ndarray:
        """The mean (q, steps, r) from x (q, p) and the measured history (q, h, r), if there is one."""
        matrix = companions(self.form_, self.coefficients_, x)
        if self.config.stable:
            matrix = stabilised(matrix)
        first = self.first_(x).reshape(len(x), self.form_.delays, -1) if history is None else history
        with np.errstate(over="ignore", invalid="ignore"):
            return roll_out(matrix, first, steps)

    def predict(self, x: np.ndarray, history: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Mean and std, each (q, t, r), over the times of training."""
        return self.roll(x, history, self.times_), np.tile(self.std_, (len(x), 1, 1))

    def state(self) -> dict[str, np.ndarray]:
        """All that was learned, as named arrays."""
        form = self.form_
        return {
            "form": np.array([form.delays, form.affine, self.times_]),
            "coefficients": self.coefficients_,
            "std": self.std_,
        } | prefixed("first.", self.first_.state())

    @classmethod
    def restore(cls, config: Any, state: Mapping[str, np.ndarray]) -> Self:
        """The fitted decomposition again."""
        dmd = cls(config)
        delays, affine, times = state["form"].tolist()
        dmd.form_, dmd.times_ = OperatorForm(delays, bool(affine)), times
        dmd.coefficients_, dmd.std_ = state["coefficients"], state["std"]
        dmd.first_ = RadialBasis.restore(part(state, "first."))
        return dmd


register(DMDConfig, DMD)
