"""The networks of autoencoders: a POD plus what a dense or convolutional net adds to it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from fieldwright.surrogates.reductions.neural.frame import Frame


def dense(inputs: int, hidden: Sequence[int], outputs: int) -> nn.Sequential:
    """Fully connected layers with SiLU between, the last one zero: it adds nothing before it has learned."""
    sizes = [inputs, *hidden]
    layers: list[nn.Module] = []
    for a, b in pairwise(sizes):
        layers += [nn.Linear(a, b), nn.SiLU()]
    return nn.Sequential(*layers, zeroed(nn.Linear(sizes[-1], outputs)))


def zeroed(layer: nn.Linear | nn.Conv1d | nn.Conv2d) -> nn.Module:
    """The layer with weights and bias 0."""
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def levels(grid: Sequence[int]) -> list[tuple[int, ...]]:
    """The grid, then half of it, ... until a side would fall below 4 points, three times at most."""
    sizes = [tuple(grid)]
    while len(sizes) < 4 and min(sizes[-1]) >= 8:
        sizes.append(tuple(-(-side // 2) for side in sizes[-1]))
    return sizes


class ConvolutionalEncoder(nn.Module):
    """Values on a grid, point by point, to a code: convolutions of stride 2, then one dense layer of zeros."""

    def __init__(self, grid: Sequence[int], components: int, channels: int, outputs: int) -> None:
        super().__init__()
        self.grid, self.components = tuple(grid), components
        convolution = nn.Conv1d if len(self.grid) == 1 else nn.Conv2d
        sizes, layers, width = levels(grid), [], components
        for i in range(len(sizes) - 1):
            layers += [convolution(width, channels << i, 3, stride=2, padding=1), nn.SiLU()]
            width = channels << i
        points = int(torch.tensor(sizes[-1]).prod())
        self.layers = nn.Sequential(*layers, nn.Flatten(), zeroed(nn.Linear(width * points, outputs)))

    def forward(self, features: Tensor) -> Tensor:
        """Return the codes of values `features` on the grid, point by point."""
        return self.layers(features.view(-1, *self.grid, self.components).movedim(-1, 1))


class ConvolutionalDecoder(nn.Module):
    """A code to values on a grid, point by point: one dense layer, then enlarge and convolve; the last zero."""

    def __init__(self, grid: Sequence[int], components: int, channels: int, inputs: int) -> None:
        super().__init__()
        convolution = nn.Conv1d if len(grid) == 1 else nn.Conv2d
        self.sizes = levels(grid)[::-1]
        depth = len(self.sizes) - 1
        self.width = channels << max(0, depth - 1)
        self.start = nn.Linear(inputs, self.width * int(torch.tensor(self.sizes[0]).prod()))
        widths = [self.width] + [channels << max(0, depth - 2 - i) for i in range(depth)]
        self.steps = nn.ModuleList(convolution(a, b, 3, padding=1) for a, b in pairwise(widths))
        self.last = zeroed(convolution(widths[-1], components, 3, padding=1))

    def forward(self, code: Tensor) -> Tensor:
        """Return the values on the grid, point by point, of codes."""
        x = nn.functional.silu(self.start(code)).view(-1, self.width, *self.sizes[0])
        for step, size in zip(self.steps, self.sizes[1:], strict=True):
            x = nn.functional.silu(step(nn.functional.interpolate(x, size=size)))
        return self.last(x).movedim(1, -1).flatten(1)


class CorrectedPod(nn.Module):
    """z = POD coordinates + encoder net, f = POD of z + decoder net; untrained it is the POD.

    codes: 1 for an autoencoder, 2 where the encoder also gives the logarithm of a variance.
    """

    down: Tensor
    up: Tensor
    spread: Tensor

    def __init__(self, frame: Frame, rank: int, hidden: Sequence[int], codes: int = 1) -> None:
        super().__init__()
        for name in ("down", "up", "spread"):
            tensor = torch.as_tensor(getattr(frame, name), dtype=torch.float32)
            self.register_buffer(name, tensor, persistent=False)
        size = len(frame.spread)
        if frame.grid is None:
            self.encoder: nn.Module = dense(size, hidden, codes * rank)
            self.decoder: nn.Module = dense(rank, hidden, size)
        else:
            self.encoder = ConvolutionalEncoder(frame.grid, frame.components, hidden[0], codes * rank)
            self.decoder = ConvolutionalDecoder(frame.grid, frame.components, hidden[0], rank)

    def encode(self, features: Tensor) -> Tensor:
        """(b, codes * rank): the code, and behind it the logarithm of its variance where there is one."""
        code = features @ self.down
        correction = self.encoder(features / self.spread.max())
        return torch.cat([code + correction[:, : code.shape[1]], correction[:, code.shape[1] :]], dim=1)

    def decode(self, code: Tensor) -> Tensor:
        """(b, F) features."""
        return code @ self.up + self.decoder(code) * self.spread
