"""Multi-indices of partial derivatives, and which of them meet in a product."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import product

MultiIndex = tuple[int, ...]


@dataclass(frozen=True)
class MultiIndices:
    """Multi-indices alpha with every smaller one, by their order |alpha|, zero first.

    all: (C,) of d numbers each; (2, 0, 1) stands for d^3 / dx_0^2 dx_2.
    """

    all: tuple[MultiIndex, ...]

    @classmethod
    def with_smaller(cls, indices: Iterable[MultiIndex], dimension: int) -> MultiIndices:
        """Those given and all that are smaller in every number; zero is always among them."""
        closed = {(0,) * dimension}
        for index in indices:
            closed.update(product(*(range(number + 1) for number in index)))
        return cls(tuple(sorted(closed, key=lambda index: (sum(index), index[::-1]))))

    @classmethod
    def up_to(cls, order: int, dimension: int) -> MultiIndices:
        """All of |alpha| <= order."""
        every = product(range(order + 1), repeat=dimension)
        return cls.with_smaller([index for index in every if sum(index) <= order], dimension)

    @property
    def n_first(self) -> int:
        """How many are of order 1; they follow the zero."""
        return sum(sum(index) == 1 for index in self.all)

    @cached_property
    def pairs(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """For each alpha the places (i, j) of all beta, gamma with beta + gamma = alpha."""
        places = {index: place for place, index in enumerate(self.all)}
        result = []
        for alpha in self.all:
            betas = product(*(range(number + 1) for number in alpha))
            result.append(
                tuple(
                    (places[beta], places[tuple(a - b for a, b in zip(alpha, beta, strict=True))])
                    for beta in betas
                )
            )
        return tuple(result)

    @cached_property
    def slopes(self) -> tuple[tuple[tuple[int, int, float], ...], ...]:
        """For each alpha the (i, j, beta_k / alpha_k) of `pairs` with beta_k > 0; k is the first with alpha_k > 0.

        If y' = w z' then y_alpha = sum over them of (beta_k / alpha_k) z_beta w_gamma.
        """
        result: list[tuple[tuple[int, int, float], ...]] = [()]
        for alpha, pairs in zip(self.all[1:], self.pairs[1:], strict=True):
            k = next(i for i, number in enumerate(alpha) if number)
            result.append(tuple((i, j, self.all[i][k] / alpha[k]) for i, j in pairs if self.all[i][k]))
        return tuple(result)
