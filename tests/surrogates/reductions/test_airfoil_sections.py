"""The worked example of generating sections, run and judged."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

EXAMPLE = Path(__file__).parents[3] / "examples" / "airfoil_sections.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("airfoil_sections", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def found(example, tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    result = example.main(folder)
    assert (folder / "airfoil_sections.png").read_bytes().startswith(b"\x89PNG")
    return result


def test_the_sections_are_those_of_the_naca_tables(example):
    # Ordinates at 40 % of the chord, where the camber line of a 2412 is level: NACA 0012 5.803 %, NACA 2412 7.80 and
    # -3.80 % (Abbott & von Doenhoff, appendix III).
    tables = {(0.0, 0.4, 0.12): (0.05803, -0.05803), (0.02, 0.4, 0.12): (0.0780, -0.0380)}
    for digits, ordinates in tables.items():
        section = example.naca(*digits)
        sides = section[: example.POINTS // 2 + 1][::-1], section[example.POINTS // 2 :]
        found = [CubicSpline(*side.T)(0.4) for side in sides]
        np.testing.assert_allclose(found, ordinates, atol=6e-5)
    assert section.shape == (101, 2)


def test_ten_components_give_new_sections_to_a_thousandth_of_the_chord(found):
    assert found["error"].max() < 1e-3


def test_generated_sections_are_closed_and_do_not_cross(example, found):
    for family in ("first component", "sampled", "from thin to thick"):
        for section in found[family]:
            np.testing.assert_allclose(section[[0, -1]], [[1.0, 0.0], [1.0, 0.0]], atol=1e-9)
            assert (example.thickness(section)[1:] > 0).all()


def test_the_way_from_thin_to_thick_grows_thicker_step_by_step(example, found):
    way = [example.thickness(section).max() for section in found["from thin to thick"]]
    assert (np.diff(way) > 0).all()
    np.testing.assert_allclose([way[0], way[-1]], [0.08, 0.2], atol=3e-3)


def test_shapes_that_are_no_such_section_are_found_out(found):
    assert (found["distance of strange"] > 2 * found["distance of old"].max()).all()
