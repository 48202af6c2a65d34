"""New airfoil sections from old ones: PCA of 2 x 101 coordinates, and walks in its ten latent coordinates.

    python -m examples.airfoil_sections [folder]

makes 400 NACA four-digit sections, reduces them, and draws four new families into folder/airfoil_sections.png: the
first component moved (a slider, as it were), sections sampled like the old, a way from one section to another, and
shapes that are no such section, which their distance in the latent space gives away.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from fieldwright.physics.solvers.shapes import naca
from fieldwright.surrogates import figures
from fieldwright.surrogates.reductions.latent import LatentCloud
from fieldwright.surrogates.reductions.svd import SVDConfig, SVDReduction

POINTS = 101


def sections(count: int, seed: int) -> np.ndarray:
    """(count, 101, 2) sections, camber 0 to 6 %, place 25 to 60 %, thickness 8 to 20 % of the chord."""
    rng = np.random.default_rng(seed)
    return np.stack([naca(*p) for p in rng.uniform([0.0, 0.25, 0.08], [0.06, 0.6, 0.2], (count, 3))])


def thickness(section: np.ndarray) -> np.ndarray:
    """(50,) distance between upper and lower side, point by point from the trailing edge; negative if they cross."""
    half = POINTS // 2
    upper, lower = section[:half], section[:half:-1]
    return (upper - lower)[:, 1]


def main(folder: Path) -> dict[str, np.ndarray]:
    """Fits, walks, draws; returns the families (k, 101, 2) by name, and errors and surprises to judge them by."""
    train, new = sections(400, seed=0), sections(100, seed=1)
    pca = SVDReduction(SVDConfig(rank=10)).fit(train.reshape(400, -1))
    cloud = LatentCloud(pca.encode(train.reshape(400, -1)))

    def shapes(latent: np.ndarray) -> np.ndarray:
        return pca.decode(latent).reshape(-1, POINTS, 2)

    def distance(outlines: np.ndarray) -> np.ndarray:
        return cloud.distance(pca.encode(outlines.reshape(len(outlines), -1)))

    steps = np.linspace(-2.0, 2.0, 5)[:, None] * cloud.spread[0]
    start, end = pca.encode(np.stack([naca(0.0, 0.4, 0.08), naca(0.06, 0.4, 0.2)]).reshape(2, -1))
    turn = np.linspace(0.0, 2 * np.pi, POINTS)
    circle = np.stack([0.5 + 0.5 * np.cos(turn), 0.5 * np.sin(turn)], axis=1)
    strange = np.stack([circle, naca(0.12, 0.4, 0.3), naca(0.02, 0.4, 0.12) * [1.0, -1.0]])
    found = {
        "first component": shapes(cloud.mean + steps * cloud.axes[0]),
        "sampled": shapes(cloud.sample(8, seed=2)),
        "from thin to thick": shapes(cloud.between(start, end, 5)),
        "strange": strange,
        "error": np.abs(shapes(pca.encode(new.reshape(100, -1))) - new).max(axis=(1, 2)),
        "distance of old": distance(train),
        "distance of strange": distance(strange),
    }
    families = ("first component", "sampled", "from thin to thick", "strange")
    figure = figures.outlines_figure({name: found[name] for name in families}, length_unit="chord")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "airfoil_sections.png").write_bytes(figures.png(figure))
    return found


if __name__ == "__main__":
    result = main(Path(sys.argv[1] if len(sys.argv) > 1 else "var"))
    print(f"largest error of 100 new sections with 10 components: {result['error'].max():.1e} chords")
    print(f"distance of the farthest old section: {result['distance of old'].max():.1f} standard deviations")
    print("of a circle, a section too thick, one upside down:", result["distance of strange"].round(1))
