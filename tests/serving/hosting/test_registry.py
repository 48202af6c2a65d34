"""The registry is read as it is; what is missing there is said in one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fieldwright.data.errors import ModelError
from fieldwright.serving.hosting.registry import Registry
from fieldwright.surrogates.fields.surrogate import Surrogate


def test_the_champions_files_are_the_surrogate(store, surrogate: Surrogate, tmp_path: Path):
    registry = Registry(store.uri)
    champion = registry.champion("plate")
    assert champion.version == "1"
    folder = registry.download(champion, tmp_path)
    x = np.array([[2e4, 4.0]])
    expected = surrogate.predict(x).fields["temperature"].mean
    np.testing.assert_array_equal(Surrogate.load(folder).predict(x).fields["temperature"].mean, expected)


def test_a_model_without_champion_is_named(store):
    with pytest.raises(ModelError, match="Model 'beam' must have a version with the alias 'champion'"):
        Registry(store.uri).champion("beam")


def test_a_missing_store_is_not_made(tmp_path: Path):
    path = tmp_path / "mlflow.db"
    with pytest.raises(ModelError, match="The tracking store must exist"):
        Registry(f"sqlite:///{path}")
    assert not path.exists()


def test_a_server_that_is_away_is_named():
    with pytest.raises(ModelError, match=r"The tracking store http://127\.0\.0\.1:9 must answer"):
        Registry("http://127.0.0.1:9").champion("plate")


def test_a_file_that_is_no_store_is_named(tmp_path: Path):
    path = tmp_path / "mlflow.db"
    path.write_text("not a database, though its name says so" * 100)
    with pytest.raises(ModelError, match=r"must answer.*not a database"):
        Registry(f"sqlite:///{path}").champion("plate")


def test_equal_versions_of_two_stores_are_two_folders(store, surrogate: Surrogate, tmp_path: Path):
    other = type(store)(tmp_path)
    surrogate.save(tmp_path / "first")
    other.promote(other.register(tmp_path / "first"))
    one, another = Registry(store.uri).champion("plate"), Registry(other.uri).champion("plate")
    assert one.version == another.version == "1"
    assert one.folder != another.folder


def test_a_store_that_was_moved_finds_its_files(store, surrogate: Surrogate, tmp_path: Path):
    other = type(store)(tmp_path / "before")
    surrogate.save(tmp_path / "first")
    other.folder.mkdir()
    other.promote(other.register(tmp_path / "first"))
    moved = type(store)(other.folder.rename(tmp_path / "moved_here"))
    registry = Registry(moved.uri)
    folder = registry.download(registry.champion("plate"), tmp_path / "into")
    assert (folder / "manifest.json").read_bytes() == (tmp_path / "first" / "manifest.json").read_bytes()


def test_a_link_among_the_files_is_not_followed(store, surrogate: Surrogate, tmp_path: Path):
    surrogate.save(tmp_path / "model")
    version = store.register(tmp_path / "model", model="linked")
    store.promote(version, model="linked")
    model = max(store.folder.rglob("mlartifacts/**/model.json"), key=lambda path: path.stat().st_ctime_ns)
    (tmp_path / "elsewhere").write_bytes(model.read_bytes())
    model.unlink()
    model.symlink_to(tmp_path / "elsewhere")
    registry = Registry(store.uri)
    with pytest.raises(ModelError, match=r"must be files and folders of their own.*model\.json"):
        registry.download(registry.champion("linked"), tmp_path / "into")
    assert not (tmp_path / "into").exists()


def test_a_password_is_never_said():
    with pytest.raises(ModelError) as caught:
        Registry("http://user:geheim@127.0.0.1:9").champion("plate")
    assert "geheim" not in str(caught.value)


def test_a_version_must_hold_one_surrogate(store, surrogate: Surrogate, tmp_path: Path):
    surrogate.save(tmp_path / "two" / "a")
    surrogate.save(tmp_path / "two" / "b")
    version = store.register(tmp_path / "two", model="twins")
    store.promote(version, model="twins")
    registry = Registry(store.uri)
    with pytest.raises(ModelError, match=r"must hold one folder with manifest\.json\. Got 2 of them"):
        registry.download(registry.champion("twins"), tmp_path / "into")
