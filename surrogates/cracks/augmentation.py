"""Batches of crops of photos, each turned, scaled and lit in its own way, with the masks moved along."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch.nn import functional as torch_functions

LEVELS = np.arange(256, dtype=np.float32) / 255.0


class AugmentationConfig(BaseModel):
    """How the crops of a training batch differ from the photos.

    turns: mirrored and turned by multiples of 90 degrees.
    scale: least and greatest factor by which a crop is enlarged.
    brightness: greatest step up or down, as a share of white. contrast: greatest share of the spread about the mean
    level more or less. gamma: greatest log2 of the exponent of the grey curve. colour: greatest share that one colour
    gains or loses. grey: share of the crops without colour.
    shading: greatest step in brightness from one side of the crop to the other.
    noise: greatest standard deviation of the noise, as a share of white; half of the crops have none.
    blur: share of the crops that are softened.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    turns: bool = True
    scale: tuple[float, float] = (0.75, 1.4)
    brightness: float = Field(default=0.15, ge=0.0, le=1.0)
    contrast: float = Field(default=0.3, ge=0.0, lt=1.0)
    gamma: float = Field(default=0.4, ge=0.0, le=3.0)
    colour: float = Field(default=0.08, ge=0.0, lt=1.0)
    grey: float = Field(default=0.2, ge=0.0, le=1.0)
    shading: float = Field(default=0.15, ge=0.0, le=1.0)
    noise: float = Field(default=0.04, ge=0.0, le=1.0)
    blur: float = Field(default=0.2, ge=0.0, le=1.0)


PLAIN = AugmentationConfig(
    turns=False,
    scale=(1.0, 1.0),
    brightness=0.0,
    contrast=0.0,
    gamma=0.0,
    colour=0.0,
    grey=0.0,
    shading=0.0,
    noise=0.0,
    blur=0.0,
)
"""Nothing but the crop."""


def augmented_batch(
    photos: Sequence[np.ndarray],
    rows: Sequence[int] | np.ndarray,
    size: int,
    config: AugmentationConfig,
    rng: np.random.Generator,
    *,
    masks: Sequence[np.ndarray] | None = None,
    on_crack: float = 0.0,
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Crops (n, 3, size, size) float32 in [0, 1] of the photos in rows (n,), and of masks (n, 1, size, size) 0 or 1.

    photos: (h, w, 3) uint8 of any sizes; one smaller than the crop goes on mirrored beyond its edges. masks: (h, w)
    bool. on_crack: chance that a crop is placed so that it contains a crack pixel of its mask, if that has any;
    otherwise every place is as likely. All chance comes from rng.
    """
    pieces, outlines = [], []
    for row in rows:
        mask = None if masks is None else masks[row]
        place = _place(photos[row].shape[:2], mask, size, config, on_crack, rng)
        turns, mirror = (int(rng.integers(4)), bool(rng.integers(2))) if config.turns else (0, False)
        pieces.append(_cut(photos[row], place, turns, mirror, size))
        if mask is not None:
            outlines.append(_cut(mask.view(np.uint8)[..., None] * np.uint8(255), place, turns, mirror, size))
    x = torch.stack([_lit(piece, config, rng) for piece in pieces])
    x = _shaded(x, config, rng)
    x = _softened(x, config, rng)
    x = _noisy(x, config, rng)
    return x.clamp_(0.0, 1.0), torch.stack(outlines).gt(127).float() if outlines else None


def _place(
    shape: tuple[int, ...],
    mask: np.ndarray | None,
    size: int,
    config: AugmentationConfig,
    on_crack: float,
    rng: np.random.Generator,
) -> tuple[int, int, int]:
    """First row, first column and side of the square to cut out."""
    least, greatest = np.log(config.scale)
    side = max(1, round(size / float(np.exp(rng.uniform(least, greatest)))))
    low = [min(0, (extent - side) // 2) for extent in shape]
    high = [max(extent - side, first) for extent, first in zip(shape, low, strict=True)]
    first = [int(rng.integers(a, b + 1)) for a, b in zip(low, high, strict=True)]
    if mask is not None and rng.random() < on_crack:
        cracked = np.flatnonzero(mask)
        if len(cracked):
            pixel = np.unravel_index(int(cracked[rng.integers(len(cracked))]), mask.shape)
            inner = rng.integers(0, side, size=2)
            first = [int(np.clip(p - d, a, b)) for p, d, a, b in zip(pixel, inner, low, high, strict=True)]
    return first[0], first[1], side


def _cut(image: np.ndarray, place: tuple[int, int, int], turns: int, mirror: bool, size: int) -> torch.Tensor:
    """The square of a (h, w, c) uint8 image, turned, as a (c, size, size) uint8 tensor."""
    row, column, side = place
    beyond = [
        (max(0, -first), max(0, first + side - extent))
        for first, extent in zip((row, column), image.shape, strict=False)
    ]
    piece = image[max(0, row) : row + side, max(0, column) : column + side]
    if any(map(any, beyond)):
        piece = np.pad(piece, (*beyond, (0, 0)), mode="symmetric")
    piece = np.rot90(piece, turns)
    piece = np.ascontiguousarray((piece[:, ::-1] if mirror else piece).transpose(2, 0, 1))
    tensor = torch.from_numpy(piece)
    if side == size:
        return tensor
    return torch_functions.interpolate(
        tensor[None], size=(size, size), mode="bilinear", antialias=True, align_corners=False
    )[0]


def _lit(piece: torch.Tensor, config: AugmentationConfig, rng: np.random.Generator) -> torch.Tensor:
    """(3, size, size) float32: all that changes a level whatever its place, as one table of 256 levels."""
    level = piece[:, ::4, ::4].float().mean().item() / 255.0
    if rng.random() < config.grey:
        piece = piece.float().mean(dim=0, keepdim=True).round().to(torch.uint8).expand(3, -1, -1)
    curve = LEVELS ** np.float32(2.0 ** rng.uniform(-config.gamma, config.gamma))
    middle = float(np.interp(level, LEVELS, curve))
    spread = 1.0 + rng.uniform(-config.contrast, config.contrast)
    curve = (curve - middle) * spread + middle + rng.uniform(-config.brightness, config.brightness)
    gains = 1.0 + rng.uniform(-config.colour, config.colour, size=3)
    tables = torch.from_numpy(np.clip(curve * gains[:, None], 0.0, 1.0).astype(np.float32))
    return torch.stack([table[channel.int()] for table, channel in zip(tables, piece, strict=True)])


def _shaded(x: torch.Tensor, config: AugmentationConfig, rng: np.random.Generator) -> torch.Tensor:
    slope = rng.uniform(-0.5 * config.shading, 0.5 * config.shading, size=(2, len(x))).astype(np.float32)
    if not slope.any():
        return x
    along = torch.linspace(-1.0, 1.0, x.shape[-1])
    down, across = torch.from_numpy(slope)[:, :, None, None, None]
    return x.add_(down * along[:, None] + across * along)


def _softened(x: torch.Tensor, config: AugmentationConfig, rng: np.random.Generator) -> torch.Tensor:
    rows = torch.from_numpy(np.flatnonzero(rng.random(len(x)) < config.blur))
    if not len(rows):
        return x
    outer = torch_functions.pad(x[rows], (1, 1, 1, 1), mode="replicate")
    down = 0.25 * (outer[:, :, :-2] + outer[:, :, 2:]) + 0.5 * outer[:, :, 1:-1]
    x[rows] = 0.25 * (down[..., :-2] + down[..., 2:]) + 0.5 * down[..., 1:-1]
    return x


def _noisy(x: torch.Tensor, config: AugmentationConfig, rng: np.random.Generator) -> torch.Tensor:
    for row in np.flatnonzero(rng.random(len(x)) < 0.5) if config.noise else ():
        noise = rng.standard_normal(x.shape[1:], dtype=np.float32)
        x[row] += torch.from_numpy(noise) * float(rng.uniform(0.0, config.noise))
    return x
