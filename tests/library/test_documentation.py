"""Every example of the documentation runs as it stands, and says what it claims."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


def blocks(text: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)


@pytest.fixture(scope="module")
def namespace(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """What all blocks of docs/python.md, run one after the other, leave behind."""
    found = blocks((ROOT / "docs" / "python.md").read_text(encoding="utf-8"))
    assert len(found) >= 10
    names: dict = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("examples"))
        for number, code in enumerate(found):
            exec(compile(code, f"docs/python.md, block {number}", "exec"), names)
        names["files"] = {path.name for path in Path().iterdir()}
    return names


def test_the_page_runs(namespace: dict) -> None:
    assert {"worst_run.png", "rod", "sweep.npz"} <= namespace["files"]
    # u'' + a u' = b with the equation's own a and b, from its closed form.
    assert namespace["solution"].converged
    assert namespace["solution"].errors["u"] < 1e-3
    assert namespace["comparison"].errors["u"] < 1e-3
    assert np.abs(namespace["svd"].decode(namespace["Z"]) - namespace["Y"]).max() < 2.0
    x = [[2.0, 100.0]]
    np.testing.assert_array_equal(namespace["same"].predict(x).upper, namespace["model"].predict(x).upper)


def test_the_readme_opens_with_the_five_lines(namespace: dict, tmp_path: Path, monkeypatch) -> None:
    (code,) = blocks((ROOT / "README.md").read_text(encoding="utf-8"))
    assert len([line for line in code.splitlines() if line.strip()]) <= 5
    monkeypatch.chdir(tmp_path)
    names = {"X": namespace["X"], "Y": namespace["Y"]}
    exec(compile(code, "README.md", "exec"), names)
    s = np.linspace(0.0, 1.0, 50)
    true = 120.0 * np.cosh(2.5 * (1.0 - s)) / np.cosh(2.5)
    np.testing.assert_allclose(names["band"].mean[0], true, rtol=0.02)
    assert names["band"].inside.all()


def test_every_name_of_the_face_is_on_the_page() -> None:
    import fieldwright as fw

    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    assert [name for name in fw.__all__ if f"`fw.{name}" not in page] == []
