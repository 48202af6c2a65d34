"""The picture of a domain: the planes that are shown, and what stands in each."""

import numpy as np
import pytest
from matplotlib.contour import ContourSet

from fieldwright.surrogates.domain.domain import Domain
from fieldwright.surrogates.domain.figures import INSIDE, domain_figure


@pytest.fixture(scope="module")
def runs() -> np.ndarray:
    return np.random.default_rng(0).random((60, 4))


def test_every_plane_of_the_three_most_important_parameters_is_shown(runs):
    rejected = np.array([[0.5, 0.5, 0.5, 0.5], [0.1, 0.9, 0.1, 0.9]])
    figure = domain_figure(
        Domain.fit(runs), "abcd", ["m", "", "s", "K"], runs, {"run_7": 7}, rejected, [3, 0, 2, 1]
    )
    shown = [(ax.get_xlabel(), ax.get_ylabel()) for ax in figure.axes]
    assert shown == [("a [m]", "c [s]"), ("a [m]", "d [K]"), ("c [s]", "d [K]")]
    assert "60 training runs and 2 rejected; predicted worst: run_7" in figure.get_suptitle().replace(
        "\n", " "
    )
    every, worst, crosses = figure.axes[1].lines
    np.testing.assert_array_equal(every.get_xydata(), runs[:, [0, 3]])
    np.testing.assert_array_equal(worst.get_xydata(), runs[[7]][:, [0, 3]])
    np.testing.assert_array_equal(crosses.get_xydata(), rejected[:, [0, 3]])
    assert [text.get_text() for text in figure.axes[-1].get_legend().texts] == [
        "runs",
        "run_7",
        "rejected",
        INSIDE,
    ]


def test_the_border_is_that_of_the_domain():
    # Runs on the left half of a square: the right one is no part of the section.
    runs = np.random.default_rng(1).random((200, 2)) * [0.5, 1.0]
    runs[0] = [1.0, 0.5]
    figure = domain_figure(Domain.fit(runs), "ab", ["", ""], runs, {}, np.empty((0, 2)), [0, 1])
    (section,) = (one for one in figure.axes[0].collections if isinstance(one, ContourSet))
    (path,) = section.get_paths()
    for place in ((0.25, 0.25), (0.25, 0.75), (0.4, 0.5)):
        assert path.contains_point(place), place
    for place in ((0.75, 0.2), (0.8, 0.9), (-0.05, 0.5)):
        assert not path.contains_point(place), place


def test_a_single_parameter_is_a_line(runs):
    figure = domain_figure(Domain.fit(runs[:, :1]), "a", ["m"], runs[:, :1], {}, np.empty((0, 1)), [0])
    (ax,) = figure.axes
    assert (ax.get_xlabel(), len(ax.get_yticks())) == ("a [m]", 0)
