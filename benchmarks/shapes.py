"""The shape study: flow past shapes of families never seen, learnt from circles, ellipses and rectangles.

    python -m benchmarks.shapes [figure.png]

computes 150 runs to learn from, 24 new ones of the same families and 24 of others with the lattice Boltzmann solver
(some eight minutes on one core, kept under $FIELDWRIGHT_HOME), trains the networks (as long again), and prints errors
near the wall and away from it, the coverage of the bands, symmetry errors and times.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import meshio
import numpy as np
from matplotlib.figure import Figure
from threadpoolctl import threadpool_limits

from fieldwright.data.environment import home
from fieldwright.physics.solvers.shape_families import OTHER, SIMPLE, PlacedShape, shapes
from fieldwright.physics.solvers.shape_runs import distance_to, flow_past, grid_points, write_shape_runs
from fieldwright.surrogates.fields.description import FieldInfo
from fieldwright.surrogates.figure_axes import heading
from fieldwright.surrogates.figures import BAR, draw_on_mesh, panels, png
from fieldwright.surrogates.shapes.model_evaluation import evaluate_shapes
from fieldwright.surrogates.shapes.settings import UNetConfig
from fieldwright.surrogates.shapes.shape_surrogate import ShapeSurrogate

SETS = {"simple": (SIMPLE, 150, 0), "fresh": (SIMPLE, 24, 2), "other": (OTHER, 24, 1)}
"""Name to families, number and seed: to learn from, new ones of the same families, and those never seen."""
FIELDS = {"u": ("m/s", ("x", "y"))}
TIMED = 9


def progress_of(what: str) -> Callable[[int, int], None]:
    """What prints progress on one line."""
    return lambda done, total: print(
        f"\r{what} {done}/{total}", end="\n" if done == total else "", flush=True
    )


def load(folder: Path) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Signed distances (n, points) and fields (n, points, components) of all runs of a folder."""
    runs = [meshio.read(path).point_data for path in sorted(folder.glob("run_*/result.vtu"))]
    values = {
        name: np.stack([run[name] for run in runs]).reshape(len(runs), -1, len(components))
        for name, (_, components) in FIELDS.items()
    }
    return np.stack([run["sdf"] for run in runs]), values


def trained(place: Path) -> ShapeSurrogate:
    """The surrogate of the simple shapes, from its folder if it has been trained before."""
    if (place / "model").exists():
        return ShapeSurrogate.load(place / "model")
    distance, targets = load(place / "simple")
    infos = [
        FieldInfo(name=name, unit=unit, components=components, n_points=distance.shape[1])
        for name, (unit, components) in FIELDS.items()
    ]
    start = time.process_time()
    surrogate, _ = ShapeSurrogate.train(
        UNetConfig(),
        distance,
        np.zeros((len(distance), 0)),
        targets,
        parameters=(),
        fields=infos,
        points=grid_points(),
        unit="m",
        periodic=("y",),
        mirror=("y",),
        seed=0,
        name="flow past shapes",
        progress=progress_of("Training, steps"),
    )
    print(f"trained in {time.process_time() - start:.0f} s of one core")
    surrogate.save(place / "model")
    return surrogate


def tell(surrogate: ShapeSurrogate, name: str, drawn: list[PlacedShape], place: Path) -> np.ndarray:
    """Prints how good the answers are on a set, by family; returns the errors of u away from the wall, (n,)."""
    distance, targets = load(place / name)
    images = surrogate.grid.images(distance[..., None])[:, 0]
    rows, none = np.arange(len(images)), np.zeros((len(images), 0))
    found = evaluate_shapes(surrogate, rows, images, none, targets)
    inside = surrogate.predict(images).inside
    families = np.array([shape.family for shape in drawn])
    errors = found.errors["u"]
    print(f"\n{name}: relative L2 of the velocity [%], bands of 90 % [%]")
    print(f"{'family':12}{'all':>7}{'near':>7}{'away':>7}{'worst':>7}{'covered':>9}{'inside':>8}")
    for family in [*dict.fromkeys(families), "all"]:
        at = families == family if family != "all" else np.ones(len(families), dtype=bool)
        shown = [100.0 * errors[key][at].mean() for key in ("relative_l2", "near_wall", "away")]
        shown.append(100.0 * errors["away"][at].max())
        covered = found.covered["u"][at].mean()
        text = "".join(f"{value:7.1f}" for value in shown)
        print(f"{family:12}{text}{100 * covered:9.1f}{100 * inside[at].mean():8.0f}")
    for key in ("mirror.y", "translation.y", "divergence", "true_divergence"):
        print(f"{key}: {errors[key].mean():.2g}")
    print(f"relative to u less its mean: {100 * errors['fluctuation_l2'].mean():.1f} %")
    if inside.any():
        print(f"those inside the domain: covered {100 * found.covered['u'][inside].mean():.1f} %")
    return errors["away"]


def speed(surrogate: ShapeSurrogate, drawn: list[PlacedShape]) -> None:
    """Prints the processor time of one run and of one answer with its bands, alone and among 24: medians in turn."""
    solver, alone, together = [], [], []
    distances = [distance_to(shape.outline) for shape in drawn]
    images = surrogate.grid.images(np.stack(distances)[..., None])[:, 0]
    surrogate.predict(images[:1])
    for distance, image in list(zip(distances, images, strict=True))[:TIMED]:
        start = time.process_time()
        flow_past(distance)
        solver.append(time.process_time() - start)
        start = time.process_time()
        surrogate.predict(image[None])
        alone.append(time.process_time() - start)
        start = time.process_time()
        surrogate.predict(images)
        together.append((time.process_time() - start) / len(images))
    run, one, many = (float(np.median(times)) for times in (solver, alone, together))
    print(
        f"\nsolver {run:.2f} s; surrogate {1e3 * one:.1f} ms alone, {run / one:.0f} times faster; "
        f"{1e3 * many:.1f} ms of {len(images)} together, {run / many:.0f} times faster"
    )


def drawing(surrogate: ShapeSurrogate, place: Path, drawn: list[PlacedShape], away: np.ndarray) -> Figure:
    """One shape of each family never seen, that of median error, and the worst of all: true, predicted, error."""
    distance, targets = load(place / "other")
    families = np.array([shape.family for shape in drawn])
    shown = []
    for family in dict.fromkeys(families):
        rows = np.flatnonzero(families == family)
        shown.append(int(rows[np.argsort(away[rows])[len(rows) // 2]]))
    shown.append(int(np.argmax(away)))
    images = surrogate.grid.images(distance[shown][..., None])[:, 0]
    mean = surrogate.predict(images).fields["u"].mean
    figure, axes = panels(len(shown), 3, (4.2, 1.9), right=BAR)
    quads = surrogate.grid.shape[1] * np.arange(surrogate.grid.shape[0] - 1)[:, None]
    corner = (quads + np.arange(surrogate.grid.shape[1] - 1)).ravel()
    width = surrogate.grid.shape[1]
    cells = {"quad": np.stack([corner, corner + 1, corner + width + 1, corner + width], axis=1)}
    for k, row in enumerate(shown):
        fluid = distance[row] >= 0.0
        true, predicted = (np.where(fluid, one[:, 0], np.nan) for one in (targets["u"][row], mean[k]))
        limits = float(np.nanmin(true)), float(np.nanmax(true))
        what = "worst" if k == len(shown) - 1 else families[row]
        for ax, values, title in zip(
            axes[3 * k :],
            (true, predicted, predicted - true),
            (
                f"{what}: lattice Boltzmann",
                "surrogate",
                f"difference, {100 * away[row]:.1f} % away from the wall",
            ),
            strict=False,
        ):
            signed = title.startswith("difference")
            scale = (-0.25, 0.25) if signed else limits
            draw_on_mesh(
                ax, grid_points(), values, cells, name="u_x", unit="m/s", signed=signed, limits=scale
            )
            heading(ax, title, fontsize=8)
    return figure


def main(figure: Path | None) -> None:
    """Runs, trains, measures, prints, draws."""
    place = home() / "flow_past_shapes"
    drawn = {name: shapes(*chosen) for name, chosen in SETS.items()}
    for name, chosen in drawn.items():
        write_shape_runs(place / name, [shape.outline for shape in chosen], progress_of(f"Runs, {name}"))
    surrogate = trained(place)
    tell(surrogate, "fresh", drawn["fresh"], place)
    away = tell(surrogate, "other", drawn["other"], place)
    speed(surrogate, drawn["other"])
    if figure is not None:
        figure.write_bytes(png(drawing(surrogate, place, drawn["other"], away)))


if __name__ == "__main__":
    with threadpool_limits(1):
        main(Path(sys.argv[1]) if sys.argv[1:] else None)
