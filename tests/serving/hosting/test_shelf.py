"""Versions come onto the shelf whole or not at all, and the pointer names the champion first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fieldwright.serving.hosting.shelf import KEPT, Shelf, Shelved


def shelved(version: int) -> Shelved:
    return Shelved("plate", str(version), f"{version}-abc")


def bring(shelf: Shelf, entry: Shelved) -> None:
    def download(into: Path) -> Path:
        kept = into / "deep" / "surrogate"
        kept.mkdir(parents=True)
        (kept / "what").write_text(entry.version)
        return kept

    shelf.put(entry, download)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "plate")


def test_an_empty_shelf_has_no_versions(shelf: Shelf):
    assert shelf.versions() == []


def test_the_downloaded_folder_is_what_is_kept(shelf: Shelf):
    bring(shelf, shelved(1))
    shelf.point_to(shelved(1))
    assert shelf.versions() == [shelved(1)]
    assert (shelf.path(shelved(1)) / "what").read_text() == "1"


def test_a_version_that_is_there_is_not_fetched_again(shelf: Shelf):
    bring(shelf, shelved(1))
    shelf.put(shelved(1), lambda into: pytest.fail("fetched again"))


def test_a_failed_download_leaves_nothing(shelf: Shelf):
    def download(into: Path) -> Path:
        (into / "half").write_text("of it")
        raise ConnectionError

    with pytest.raises(ConnectionError):
        shelf.put(shelved(1), download)
    assert list(shelf.folder.iterdir()) == []


def test_the_newest_versions_are_kept_and_the_rest_cleared_away(shelf: Shelf):
    for version in range(1, KEPT + 3):
        bring(shelf, shelved(version))
        shelf.point_to(shelved(version))
    newest = [shelved(version) for version in range(KEPT + 2, 2, -1)]
    assert shelf.versions() == newest
    folders = {path.name for path in shelf.folder.iterdir() if path.is_dir()}
    assert folders == {entry.folder for entry in newest}


@pytest.mark.parametrize("content", ["", "{", "[1]", '[{"version": "1"}]', "null"])
def test_a_pointer_that_cannot_be_read_counts_as_none(shelf: Shelf, content: str):
    bring(shelf, shelved(1))
    shelf.pointer.write_text(content)
    assert shelf.versions() == []
    shelf.point_to(shelved(1))
    assert shelf.versions() == [shelved(1)]


def test_going_back_to_a_version_puts_it_first(shelf: Shelf):
    for version in (1, 2, 1):
        bring(shelf, shelved(version))
        shelf.point_to(shelved(version))
    assert shelf.versions() == [shelved(1), shelved(2)]


def test_endpoints_that_share_a_shelf_wait_for_each_other(shelf: Shelf):
    downloads: list[Path] = []

    def download(into: Path) -> Path:
        downloads.append(into)
        kept = into / "surrogate"
        kept.mkdir()
        (kept / "what").write_text("1")
        return kept

    def serve(pointer: str) -> None:
        own = Shelf(shelf.folder, pointer)
        own.put(shelved(1), download)
        own.point_to(shelved(1))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(serve, [f"champion-{number % 2}.json" for number in range(32)]))
    assert len(downloads) == 1
    assert (shelf.path(shelved(1)) / "what").read_text() == "1"
    assert sorted(path.name for path in shelf.folder.iterdir()) == [
        "1-abc",
        "champion-0.json",
        "champion-1.json",
    ]


def test_what_the_pointer_of_another_store_names_is_kept(tmp_path: Path):
    one, other = Shelf(tmp_path, "champion-a.json"), Shelf(tmp_path, "champion-b.json")
    bring(one, shelved(1))
    one.point_to(shelved(1))
    for version in range(2, KEPT + 4):
        bring(other, shelved(version))
        other.point_to(shelved(version))
    assert one.versions() == [shelved(1)]
    assert one.path(shelved(1)).is_dir()
    assert not other.path(shelved(2)).exists()


@pytest.mark.parametrize("model", ["../../etc", "a/b", ".."])
def test_no_model_name_leads_out_of_the_home(model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FIELDWRIGHT_HOME", str(tmp_path))
    folder = Shelf.of(model).folder.resolve()
    assert folder.parent == tmp_path / "served"
