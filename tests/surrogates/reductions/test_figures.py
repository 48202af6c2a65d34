"""The figures of a reduction: what they draw, with units, and without touching pyplot."""

import subprocess
import sys

import numpy as np

from fieldwright.surrogates import figures


def test_figures_leave_pyplot_alone():
    code = "import fieldwright.surrogates.figures, sys; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_decay_draws_relative_singular_values_and_the_energy_left_out():
    figure = figures.singular_value_decay(np.array([4.0, 2.0, 1.0]), 21.0, 2, "T")
    left, right = figure.axes
    np.testing.assert_allclose(left.lines[0].get_ydata(), [1.0, 0.5, 0.25])
    np.testing.assert_allclose(right.lines[0].get_ydata()[:2], [5 / 21, 1 / 21])
    assert right.lines[1].get_xdata()[0] == 2
    assert figures.png(figure).startswith(b"\x89PNG")


def test_modes_fill_triangles_and_cut_quadrilaterals_in_two():
    points = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [2, 0, 0.0]])
    cells = {"quad": np.array([[0, 1, 2, 3]]), "triangle": np.array([[1, 4, 2]])}
    figure = figures.modes_figure(
        [np.arange(5.0), -np.arange(5.0)], points, cells, name="p", length_unit="mm"
    )
    first = figure.axes[0]
    assert len(first.collections[0].get_paths() or first.collections[0]._triangulation.triangles) == 3
    assert first.get_xlabel() == "x [mm]"
    assert first.get_title() == "p mode 1"
    assert first.collections[0].get_clim() == (-4.0, 4.0)


def test_a_volume_mesh_is_drawn_as_points_along_its_thin_axis():
    points = np.random.default_rng(0).uniform(size=(30, 3)) * [5.0, 0.1, 2.0]
    ax = figures.modes_figure([np.ones(30)], points, {"tetra": np.array([[0, 1, 2, 3]])}).axes[0]
    assert ax.get_xlabel() == "x [m]"
    assert ax.get_ylabel() == "z [m]"
    assert ax.collections[0].get_offsets().shape == (30, 2)


def test_outlines_show_every_shape_of_every_family():
    shapes = np.random.default_rng(0).uniform(size=(3, 12, 2))
    figure = figures.outlines_figure(
        {"one": shapes, "two": shapes[:2], "three": shapes[:1]}, length_unit="chord"
    )
    visible = [ax for ax in figure.axes if ax.get_visible()]
    assert [len(ax.lines) for ax in visible] == [3, 2, 1]
    assert visible[1].get_title() == "two"
    assert visible[0].get_ylabel() == "y [chord]"
    np.testing.assert_array_equal(visible[0].lines[2].get_xydata(), shapes[2])


def test_projection_error_has_a_line_for_each_reduction_from_rank_zero():
    ax = figures.projection_error({"POD": np.array([1.0, 0.1]), "other": np.array([1.0, 0.01])}).axes[0]
    assert [line.get_label() for line in ax.lines] == ["POD", "other"]
    np.testing.assert_array_equal(ax.lines[1].get_xydata(), [[0, 1.0], [1, 0.01]])
    assert "held-out" in ax.get_ylabel()
