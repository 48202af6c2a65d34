"""The link to a version's page in MLflow: where a browser can open it, and without a password."""

from __future__ import annotations

from pathlib import Path

import pytest

from fieldwright.serving.hosting.champion import Champion
from fieldwright.serving.hosting.model_card import card_of, registry_page
from fieldwright.serving.hosting.shelf import Shelf, Shelved


@pytest.mark.parametrize(
    ("uri", "page"),
    [
        ("http://mlflow.example:5000/", "http://mlflow.example:5000"),
        ("https://user:secret@mlflow.example/here", "https://mlflow.example/here"),
        ("sqlite:////var/mlflow.db", ""),
        ("postgresql://user:secret@db/mlflow", ""),
        ("./mlruns", ""),
    ],
)
def test_only_a_server_has_a_page(uri: str, page: str):
    assert registry_page(uri) == page


def test_a_name_cannot_become_another_address():
    assert card_of("http://m", "a/b c?d", "3") == "http://m/#/models/a%2Fb%20c%3Fd/versions/3"


@pytest.mark.parametrize(
    ("page", "card"), [("http://m:5000", "http://m:5000/#/models/plate/versions/7"), ("", None)]
)
def test_the_endpoint_tells_the_card_of_what_it_serves(
    ask, surrogate, tmp_path: Path, page: str, card: str | None
):
    shelf = Shelf(tmp_path)
    entry = Shelved("plate", "7", "7")
    surrogate.save(tmp_path / "7")
    shelf.point_to(entry)
    champion = Champion(shelf, registry_page=page)
    champion.refresh()
    assert ask(champion, "GET", "/models").json()["models"][0]["card"] == card
    assert ask(champion, "GET", "/models/plate").json()["card"] == card
