"""The example of Bayesian regression: its posterior narrows about the truth, and its figures are drawn."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np

EXAMPLE = Path(__file__).parents[2] / "examples" / "bayesian_regression.py"


def test_the_posterior_narrows_about_the_truth_and_the_far_answer_is_marked(tmp_path):
    spec = importlib.util.spec_from_file_location("bayesian_regression", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    stages, found = example.main(tmp_path)
    sizes = [np.linalg.det(posterior.covariance) for posterior in stages.values()]
    assert (np.diff(sizes) < 0.0).all()
    last = stages[20]
    off = last.mean - example.TRUE
    # Within the ellipse that holds 99 % of a Gaussian in two dimensions.
    assert off @ np.linalg.inv(last.covariance) @ off < 9.21
    inside, error = found["inside"], np.abs(found["mean"] - found["truth"])
    assert not inside[-1]
    assert error[-1] > 5.0 * np.sqrt(np.mean(error[inside] ** 2))
    for name in ("bayesian_regression.png", "outside_the_data.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
