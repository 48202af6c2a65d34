"""The figures of a reduction: what they draw, with units, and without touching pyplot."""

import subprocess
import sys

import numpy as np
import pytest

from fieldwright.data.output.written_numbers import number_text
from fieldwright.surrogates import figures
from fieldwright.surrogates.understanding.ranks_and_modes import modes_figure, ranks_figure


def test_figures_leave_pyplot_alone():
    code = "import fieldwright.surrogates.figures, sys; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_ranks_draw_singular_values_the_energy_left_out_and_errors_of_held_out_runs():
    figure = ranks_figure(np.array([4.0, 2.0, 1.0]), 21.0, 2, np.array([1.0, 0.5, 0.2, 0.1]), "T")
    (ax,) = figure.axes
    values, lost, errors, chosen = ax.lines
    np.testing.assert_allclose(values.get_xydata(), [[1, 1.0], [2, 0.5], [3, 0.25]])
    np.testing.assert_allclose(lost.get_ydata()[:2], [5 / 21, 1 / 21])
    np.testing.assert_allclose(errors.get_xydata()[0], [0, 1.0])
    assert chosen.get_xdata()[0] == 2
    assert "held-out" in errors.get_label()
    assert figures.png(figure).startswith(b"\x89PNG")


def test_a_scatter_of_many_points_shows_some_of_them_in_the_colours_of_all():
    _, (ax,) = figures.panels(1, 1)
    points = np.random.default_rng(0).uniform(size=(120_001, 3))
    values = np.arange(120_001.0)
    figures.draw_on_mesh(ax, points, values, bar=False)
    (drawn,) = ax.collections
    assert len(drawn.get_offsets()) == len(drawn.get_array()) == 40_001
    assert drawn.get_clim() == (0.0, 120_000.0)
    np.testing.assert_array_equal(drawn.get_array()[:3], [0.0, 3.0, 6.0])


def test_modes_fill_triangles_and_cut_quadrilaterals_in_two():
    points = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [2, 0, 0.0]])
    cells = {"quad": np.array([[0, 1, 2, 3]]), "triangle": np.array([[1, 4, 2]])}
    figure = modes_figure([np.arange(5.0), -np.arange(5.0)], points, cells, name="p", length_unit="mm")
    first = figure.axes[0]
    assert len(first.collections[0].get_paths() or first.collections[0]._triangulation.triangles) == 3
    assert first.get_xlabel() == "x [mm]"
    assert first.get_title() == "mode 1"
    assert first.collections[0].get_clim() == (-1.0, 1.0)
    np.testing.assert_allclose(first.collections[0].get_array(), np.arange(5.0) / 4.0)


def test_a_volume_mesh_is_drawn_as_points_along_its_thin_axis():
    points = np.random.default_rng(0).uniform(size=(30, 3)) * [5.0, 0.1, 2.0]
    ax = modes_figure([np.ones(30)], points, {"tetra": np.array([[0, 1, 2, 3]])}).axes[0]
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


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (250.0, "250"),
        (0.04, "0.04"),
        (2.5e-5, "2.5e-5"),
        (2e11, "2e11"),
        (-1.6e-5, "-1.6e-5"),
        (0.1 + 0.2, "0.3"),
    ],
)
def test_numbers_of_ticks_are_short(value, text):
    assert number_text(value) == text


def test_nothing_of_a_panel_is_cut_off_by_the_edge_of_its_figure():
    points = np.stack([*np.meshgrid(np.linspace(0, 2e-3, 9), np.linspace(0, 1e-3, 5))], axis=-1).reshape(
        -1, 2
    )
    figure, axes = figures.panels(1, 2, right=figures.BAR, title="a run", shared=True)
    for ax in axes:
        figures.draw_on_mesh(ax, points, np.linspace(-1e8, 1.234e8, 45), name="error of von_mises", unit="Pa")
    renderer = figure.canvas.get_renderer()
    figure.draw(renderer)
    for ax in axes:
        for part in (ax, *ax.child_axes):
            box = part.get_tightbbox(renderer)
            assert min(box.x0, box.y0) >= 0.0
            assert box.x1 <= figure.bbox.x1
            assert box.y1 <= figure.bbox.y1
    first, second = (ax.get_tightbbox(renderer) for ax in axes)
    assert first.x1 <= second.x0
