"""Champion and challenger of photos and of shapes on the same samples, whatever their scores were measured on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import meshio
import numpy as np
import pytest
from PIL import Image

from fieldwright.flows.report import Report
from fieldwright.flows.study.loading import load_study
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.workflow import run_study

CLASSES = """
name = "walls"
kind = "classification"
[photos]
folder = "walls"
minimum = 20
[promotion]
allow_no_better = true
[[candidates]]
kind = "crack_cnn"
size = 32
widths = [6, 8]
members = 2
epochs = {effort}
"""
OUTLINES = """
name = "outlines"
kind = "segmentation"
[photos]
folder = "walls"
minimum = 20
[promotion]
allow_no_better = true
[[candidates]]
kind = "crack_unet"
widths = [6, 8]
crop = 32
batch = 4
steps = {effort}
checks = 2
"""
SHAPES = """
name = "cylinders"
[runs]
folder = "runs"
pattern = "run_*"
file = "result.vtu"
[geometry]
field = "sdf"
[fields]
u = {{ unit = "m/s" }}
[promotion]
allow_no_better = true
min_coverage = 0.05
max_latency_ms = 1e5
[[candidates]]
kind = "unet"
members = 2
widths = [6, 8]
held_out = 0.4
steps = {effort}
learning_rate = 5e-3
"""


def photo(seed: int, crack: bool) -> tuple[np.ndarray, np.ndarray]:
    """A grainy wall, uint8 (32, 48, 3), and the mask of a dark line across it, if any."""
    rng = np.random.default_rng(seed)
    mask = np.zeros((32, 48), dtype=bool)
    if crack:
        rows = np.linspace(rng.uniform(4.0, 26.0), rng.uniform(4.0, 26.0), 48).astype(int)
        mask[np.stack([rows, rows + 1, rows + 2]), np.arange(48)] = True
    grey = 150.0 + rng.normal(0.0, 15.0, mask.shape) - 80.0 * mask
    return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2), mask


def add_classes(folder: Path, numbers: range) -> None:
    for k in numbers:
        place = folder / "walls" / ("Positive" if k % 2 else "Negative")
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo(k, k % 2 == 1)[0]).save(place / f"{k:03d}.png")


def add_outlines(folder: Path, numbers: range) -> None:
    for k in numbers:
        pixels, mask = photo(k, True)
        for name, image in (("photos", pixels), ("masks", mask.astype(np.uint8) * 255)):
            (folder / "walls" / name).mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(folder / "walls" / name / f"{k:03d}.png")


def add_shapes(folder: Path, numbers: range) -> None:
    """The potential flow past circles."""
    rows, columns = 12, 24
    y, x = (axis.ravel() for axis in np.mgrid[:rows, :columns] * 0.25)
    corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    quads = np.stack([corner, corner + 1, corner + columns + 1, corner + columns], axis=1)
    for k in numbers:
        rng = np.random.default_rng(k)
        a, cx, cy = rng.uniform(0.4, 0.6), rng.uniform(1.5, 3.0), rng.uniform(1.1, 1.6)
        r = np.maximum(np.hypot(x - cx, y - cy), 1e-9)
        u = 1.0 - a**2 * ((x - cx) ** 2 - (y - cy) ** 2) / r**4
        v = -2.0 * a**2 * (x - cx) * (y - cy) / r**4
        data = {"sdf": r - a, "u": np.stack([u, v], axis=1) * (r >= a)[:, None]}
        place = folder / "runs" / f"run_{k:02d}"
        place.mkdir(parents=True)
        mesh = meshio.Mesh(np.stack([x, y, 0.0 * x], axis=1), {"quad": quads}, point_data=data)
        mesh.write(place / "result.vtu")


def run(folder: Path, text: str, effort: int) -> tuple[Report, dict[str, Any], Tracking]:
    """The report of the study and its written decision."""
    path = folder / "study.toml"
    path.write_text(text.format(effort=effort))
    report, study = run_study(str(path)), load_study(path)
    tracking = Tracking.of(study)
    run_id = tracking.registry.numbered(report.version).run_id
    return report, tracking.json(run_id, "decision.json"), tracking


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "add", "poor", "good", "numbers", "error"),
    [
        pytest.param(CLASSES, add_classes, 1, 12, (48, 64), "log_loss of each photo", id="classes"),
        pytest.param(OUTLINES, add_outlines, 2, 60, (24, 34), "f1_error of each photo", id="outlines"),
    ],
)
def test_photos_are_compared_on_test_photos_that_neither_has_seen(
    tmp_path: Path, text: str, add, poor: int, good: int, numbers: tuple[int, int], error: str
) -> None:
    add(tmp_path, range(numbers[0]))
    first, document, tracking = run(tmp_path, text, poor)
    assert first.promoted, first.why
    assert document["comparison"] is None
    parts = tracking.json(tracking.registry.numbered("1").run_id, "parts.json")

    # More photos move some between the parts.
    add(tmp_path, range(*numbers))
    second, document, tracking = run(tmp_path, text, good)
    comparison = document["comparison"]
    present = tracking.json(tracking.registry.numbered("2").run_id, "parts.json")
    assert set(comparison["names"]) == set(present["test"]) - {*parts["train"], *parts["validation"]}
    assert (comparison["samples"], comparison["error"]) == ("test photos", error)
    assert comparison["new"] == len(set(comparison["names"]) - {*parts["test"]})
    assert comparison["factor"] > 1.0, "trained for longer on more"
    assert second.promoted == (comparison["better"] < 0.05 or comparison["outside"] > 0.0)
    assert f"on the same {comparison['runs']} test photos" in second.why


@pytest.mark.slow
def test_shapes_are_compared_on_held_out_shapes_that_the_champion_has_not_learned_from(
    tmp_path: Path,
) -> None:
    add_shapes(tmp_path, range(12))
    first, document, tracking = run(tmp_path, SHAPES, 4)
    assert first.promoted, first.why
    assert [gate["name"] for gate in document["gates"]] == [
        "coverage of u on 5 held-out shapes",
        "latency of one query",
    ]
    learned = tracking.json(tracking.registry.numbered("1").run_id, "learned_from.json")
    assert len(learned) == 7

    add_shapes(tmp_path, range(12, 20))
    second, document, _ = run(tmp_path, SHAPES, 60)
    comparison = document["comparison"]
    assert 2 <= comparison["runs"] <= 8
    assert comparison["samples"] == "held-out shapes"
    assert comparison["factor"] > 1.0
    assert second.promoted == (comparison["better"] < 0.05 or comparison["outside"] > 0.0)
    assert "held-out shapes" in second.why
