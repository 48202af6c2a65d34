import numpy as np
import pytest

from data.errors import ModelError
from surrogates.cracks.classification_figures import classification_figure
from surrogates.figures import png


def test_it_draws_the_curves_and_where_the_threshold_lies_on_them():
    cracked = np.array([True, True, False, False])
    figure = classification_figure(cracked, np.array([0.9, 0.4, 0.6, 0.1]), 0.5)
    roc, recall, reliability = figure.axes
    assert roc.lines[2].get_xydata().tolist() == [[0.5, 0.5]]
    assert recall.lines[1].get_xydata().tolist() == [[0.5, 0.5]]
    assert roc.get_title() == "area 0.7500"
    points = np.asarray(reliability.collections[0].get_offsets())
    assert points == pytest.approx(np.array([[0.1, 0.0], [0.4, 1.0], [0.6, 0.0], [0.9, 1.0]]))
    assert png(figure).startswith(b"\x89PNG")


def test_one_class_alone_is_refused():
    with pytest.raises(ModelError):
        classification_figure(np.array([True]), np.array([0.5]))
