"""What `import fieldwright` offers, and that it loads nothing before it is used."""

from __future__ import annotations

import subprocess
import sys
from importlib.resources import files

import pytest

import fieldwright as fw

HEAVY = ("torch", "mlflow", "prefect", "bentoml", "xarray", "numpy", "sklearn", "deepxde", "matplotlib")


def loaded_after(code: str) -> set[str]:
    """The heavy modules that a fresh interpreter has loaded after the code."""
    script = f"import sys\n{code}\nprint(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_it_loads_nothing() -> None:
    assert loaded_after("import fieldwright") == set()
    assert loaded_after("import fieldwright as fw; dir(fw); fw.__all__; fw.FieldwrightError") == set()


def test_a_name_loads_what_it_needs_alone() -> None:
    assert loaded_after("import fieldwright; fieldwright.read") <= {"numpy", "xarray"}
    every = "; ".join(f"fieldwright.{name}" for name in fw.__all__)
    assert not loaded_after(f"import fieldwright; {every}") & {"mlflow", "prefect", "bentoml", "deepxde"}


def test_every_name_is_there_and_documented() -> None:
    for name in fw.__all__:
        value = getattr(fw, name)
        assert name in dir(fw)
        assert value.__name__ == name
        assert value.__doc__
    from fieldwright import fit

    assert fit is fw.fit


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'fieldwright' has no attribute 'train'"):
        fw.train  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(ImportError):
        exec("from fieldwright import train")


def test_it_is_typed() -> None:
    assert (files("fieldwright") / "py.typed").is_file()
