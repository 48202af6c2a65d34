"""Runs of the flow past shapes on disk, and the study of the example that learns from them."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import meshio
import numpy as np
import pytest

from fieldwright.data.errors import FieldwrightError
from fieldwright.flows.study.runs_study import Study
from fieldwright.physics.solvers.shape_families import OTHER, SIMPLE, shapes
from fieldwright.physics.solvers.shape_runs import COLUMNS, ROWS, distance_to, write_shape_runs
from fieldwright.physics.solvers.shapes import ellipse, placed

EXAMPLE = Path(__file__).parents[3] / "examples" / "flow_past_shapes.py"


def test_shapes_of_all_families_stand_clear_of_the_edges():
    for drawn in (shapes(SIMPLE, 60, seed=3), shapes(OTHER, 40, seed=3)):
        for shape in drawn:
            distance = distance_to(shape.outline).reshape(ROWS, COLUMNS)
            assert distance.min() < -0.1, shape.family
            assert min(distance[[0, -1]].min(), distance[:, [0, -1]].min()) > 0.3, shape.family
    assert {shape.family for shape in drawn} == {"triangle", "plus", "star", "airfoil"}


def test_a_shape_does_not_depend_on_how_many_are_drawn():
    assert np.array_equal(shapes(SIMPLE, 3, seed=1)[2].outline, shapes(SIMPLE, 9, seed=1)[2].outline)


def test_the_example_writes_a_study_and_runs_that_a_second_call_leaves_alone(tmp_path):
    spec = importlib.util.spec_from_file_location("flow_past_shapes", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    path = example.main(tmp_path, 1)
    assert Study.load(path).geometry is not None
    result = tmp_path / "runs" / "run_0001" / "result.vtu"
    run = meshio.read(result).point_data
    assert run["u"].shape == (ROWS * COLUMNS, 2)
    assert np.all(run["u"][run["sdf"] < 0.0] == 0.0)
    # What enters over the 48 rows must pass the body, and the wake is slower than the stream.
    u = run["u"][:, 0].reshape(ROWS, COLUMNS)
    assert np.abs(u.sum(axis=0) / ROWS - 1.0).max() < 3e-3
    assert u[:, 50].min() < 0.6
    stamp = result.stat().st_mtime_ns
    example.main(tmp_path, 1)
    assert result.stat().st_mtime_ns == stamp
    with pytest.raises(FieldwrightError, match=r"'run_0001' in .* must have the requested shape"):
        write_shape_runs(tmp_path / "runs", [placed(ellipse(1.0, 1.0), (2.8, 2.4))])
