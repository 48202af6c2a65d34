"""The example of the double pendulum, small: learned roll-outs outlive linear ones."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[3] / "examples" / "double_pendulum.py"


@pytest.mark.slow
def test_the_lstm_follows_the_pendulum_longer_than_dmd(tmp_path):
    spec = importlib.util.spec_from_file_location("double_pendulum_example", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    # A dataclass looks its own module up.
    sys.modules[spec.name] = example
    spec.loader.exec_module(example)
    found = example.main(tmp_path, iterations=150, train=20, test=8, windows=120)
    assert found["lstm"][0] > 1.5 * found["dmd"][0]
    assert found["lstm"][1] < found["dmd"][1]
    assert (tmp_path / "double_pendulum.png").read_bytes().startswith(b"\x89PNG")
