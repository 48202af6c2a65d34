"""A worker follows the pointer, and whatever goes wrong with a new version goes on with the one it has."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from fieldwright.serving.hosting.champion import Champion
from fieldwright.serving.hosting.shelf import Shelf, Shelved
from fieldwright.surrogates.fields.surrogate import Surrogate

X = np.array([[2e4, 4.0]])


def bring(shelf: Shelf, version: str, surrogate: Surrogate, damaged: bool = False) -> None:
    entry = Shelved("plate", version, version)

    def save(into: Path) -> Path:
        surrogate.save(into / "surrogate")
        if damaged:
            arrays = into / "surrogate" / "arrays.safetensors"
            arrays.write_bytes(arrays.read_bytes()[:-1] + b"?")
        return into / "surrogate"

    shelf.put(entry, save)
    shelf.point_to(entry)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "plate")


def temperature(champion: Champion) -> float:
    assert champion.current is not None
    prediction = champion.current.surrogate.predict(X, fields=["temperature"])
    return float(prediction.fields["temperature"].mean.mean())


def test_nothing_is_served_from_an_empty_shelf(shelf: Shelf):
    champion = Champion(shelf)
    champion.refresh()
    assert champion.current is None
    assert "No model" in champion.failure


def test_a_promoted_version_replaces_the_one_before(shelf: Shelf, surrogate: Surrogate, promoted: Surrogate):
    champion = Champion(shelf)
    bring(shelf, "1", surrogate)
    champion.refresh()
    before = temperature(champion)
    bring(shelf, "2", promoted)
    champion.refresh()
    assert champion.current is not None
    assert champion.current.version == "2"
    assert champion.failure == ""
    assert temperature(champion) - before == pytest.approx(100.0, abs=1.0)


def test_what_is_served_stays_the_same_object_while_the_pointer_does(shelf: Shelf, surrogate: Surrogate):
    champion = Champion(shelf)
    bring(shelf, "1", surrogate)
    champion.refresh()
    served = champion.current
    champion.refresh()
    assert champion.current is served


def test_a_damaged_version_is_refused_and_said(shelf: Shelf, surrogate: Surrogate, promoted: Surrogate):
    champion = Champion(shelf)
    bring(shelf, "1", surrogate)
    champion.refresh()
    bring(shelf, "2", promoted, damaged=True)
    champion.refresh()
    assert champion.current is not None
    assert champion.current.version == "1"
    assert "Version 2 of 'plate' cannot be served" in champion.failure
    assert "checksum" in champion.failure


def test_a_worker_that_starts_on_a_damaged_version_falls_back(
    shelf: Shelf, surrogate: Surrogate, promoted: Surrogate
):
    bring(shelf, "1", surrogate)
    bring(shelf, "2", promoted, damaged=True)
    champion = Champion(shelf)
    champion.refresh()
    assert champion.current is not None
    assert champion.current.version == "1"
    assert "Version 2" in champion.failure


def test_a_sound_version_after_a_damaged_one_is_served(shelf: Shelf, surrogate: Surrogate):
    champion = Champion(shelf)
    bring(shelf, "1", surrogate, damaged=True)
    champion.refresh()
    assert champion.current is None
    bring(shelf, "2", surrogate)
    champion.refresh()
    assert champion.current is not None
    assert champion.current.version == "2"
    assert champion.failure == ""


def test_a_version_whose_files_are_gone_is_refused(shelf: Shelf, surrogate: Surrogate):
    bring(shelf, "1", surrogate)
    shutil.rmtree(shelf.folder / "1")
    champion = Champion(shelf)
    champion.refresh()
    assert champion.current is None
    assert "Version 1" in champion.failure
