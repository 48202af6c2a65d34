"""`fieldwright predict` answers a champion's numbers: those of the endpoint and of the library, byte by byte."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np
import pytest
from rich.console import Console

import fieldwright as fw
from fieldwright.data.formats.vtu import VtuReader
from fieldwright.flows.commands.predictions.predict import PredictOptions, predict_study
from fieldwright.flows.study.runs_study import Study
from fieldwright.serving.forms.accept import CSV, VTU, ZIP
from fieldwright.surrogates.fields.quantities import parsed_quantity
from fieldwright.surrogates.fields.surrogate import Surrogate

WORDS = ("heat_flux=2e4", "thickness = 4")
ROW = {"heat_flux": 2e4, "thickness": 4.0}
STUDY = """
name = "plate"
[tracking]
uri = "{uri}"
[runs]
folder = "runs"
[parameters]
table = "t.csv"
columns = {{ heat_flux = {{}}, thickness = {{}} }}
[fields]
temperature = {{}}
"""
Post = Callable[..., httpx.Response]


@pytest.fixture
def study(store, tmp_path: Path) -> Study:
    path = tmp_path / "study.toml"
    path.write_text(STUDY.format(uri=store.uri))
    return Study.load(path)


@pytest.fixture
def predicted(study: Study) -> Callable[..., tuple[str, bytes]]:
    """What is printed, and the content of the file that is written, for options of `predict`."""

    def predicted(words: tuple[str, ...] = WORDS, **options) -> tuple[str, bytes]:
        shown = io.StringIO()
        console = Console(width=120, file=shown)
        predict_study(study, PredictOptions(words, **options), console)
        written = options.get("out")
        return shown.getvalue(), written.read_bytes() if written else b""

    return predicted


def endpoint_bytes(post: Post, media_type: str, **document) -> bytes:
    reply = post(document, headers={"Accept": media_type})
    assert reply.status_code == 200, reply.text
    return reply.content


def test_one_query_gives_the_endpoints_csv_and_fields(predicted, post: Post, tmp_path: Path):
    _, table = predicted(out=tmp_path / "answer.csv")
    assert table == endpoint_bytes(post, CSV, parameters=ROW)
    fields = ["temperature", "displacement"]
    _, archive = predicted(out=tmp_path / "fields.zip")
    reply = endpoint_bytes(post, ZIP, parameters=ROW, fields=fields)
    assert len(archive) == len(reply)
    _, mesh = predicted(out=tmp_path / "field.vtu", field="temperature")
    assert mesh == endpoint_bytes(post, VTU, parameters=ROW, fields=["temperature"])


def test_what_is_printed_is_the_librarys_number_with_its_band(predicted, store, surrogate: Surrogate):
    text, _ = predicted(quantities=("max(temperature)",))
    hottest = parsed_quantity("max(temperature)", surrogate.description.fields)
    answer = fw.load("models:/plate@champion", tracking_uri=store.uri).surrogate.predict(
        np.array([[2e4, 4.0]]), (), [hottest]
    )
    band = answer.quantities["max(temperature)"]
    row = next(line for line in text.splitlines() if "max(temperature)" in line)
    shown = [float(cell) for cell in row.strip("│ ").replace("│", " ").split()[1:4]]
    assert shown == pytest.approx([band.mean[0], band.lower[0], band.upper[0]], rel=1e-4)
    assert "version 1 (bayes)" in text
    assert "probability of 90%" in text
    assert "Inside the domain" in text


def test_a_query_outside_says_so_and_why(predicted, post: Post):
    text, _ = predicted(("heat_flux=9e4", "thickness=4"))
    why = post({"parameters": {"heat_flux": 9e4, "thickness": 4.0}}).json()["why"][0]
    assert f"OUTSIDE the domain, where no band is promised: {why}." in text


def test_a_table_of_queries_gives_a_table_of_answers(predicted, post: Post, tmp_path: Path):
    queries = tmp_path / "queries.csv"
    queries.write_text("name,heat_flux [W/m^2],thickness [mm]\na,2e4,4\nb,9e4,4\n")
    rows = [ROW, {"heat_flux": 9e4, "thickness": 4.0}]
    text, table = predicted((), table=queries, out=tmp_path / "answers.csv")
    assert table == endpoint_bytes(post, CSV, parameters=rows)
    assert "2 queries, 1 of them outside" in text
    queries.write_text("heat_flux\n2e4\n9e4\n")
    predicted(("thickness=4",), table=queries)
    assert (tmp_path / "queries_answers.csv").read_bytes() == table


def test_other_times_are_answered(predicted, post: Post, tmp_path: Path):
    text, _ = predicted(quantities=("max(displacement.x)",), times=(5.0, 12.5))
    assert [line for line in text.splitlines() if "12.5" in line]
    document = {"parameters": ROW, "quantities": [], "fields": ["displacement"]}
    predicted(out=tmp_path / "f.vtu", field="displacement", times=(20.0,))
    reply = json.loads(endpoint_bytes(post, "application/json", **document))
    read = VtuReader().read(tmp_path / "f.vtu", ["displacement upper"]).fields["displacement upper"]
    last = np.array(reply["fields"]["displacement"]["upper"])[0, -1]
    np.testing.assert_allclose(read.values[0][:, :2], last, rtol=1e-12)


def test_a_picture_is_written(predicted, tmp_path: Path):
    predicted(plot=tmp_path / "field.png", field="displacement")
    assert (tmp_path / "field.png").read_bytes().startswith(b"\x89PNG")
