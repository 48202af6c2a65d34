"""The kinds of functions by which a network's output and its features are given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from torch import Tensor

Output = Callable[[Tensor, Sequence[Tensor]], Tensor]
"""N (n, m) at inputs (n, d + p), with the weights of a network."""
Embed = Callable[[Iterator[Tensor]], Tensor]
"""Features (n, branches, f) of the coordinates, with the next of the weights."""
