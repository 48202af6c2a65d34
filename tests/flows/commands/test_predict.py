"""`fieldwright predict` and `fieldwright open`: mistakes in one sentence, an equation, the page of an endpoint."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from fieldwright.data.errors import FieldwrightError, ModelError, QueryError
from fieldwright.flows.cli import app
from fieldwright.flows.commands.open_page import open_page, page_link, served_models
from fieldwright.flows.commands.predictions.queries import single_query, values_of_words
from fieldwright.flows.commands.predictions.version_answer import answer_of_solution, inputs_of
from fieldwright.flows.study.loading import load_study
from fieldwright.physics.equations.problems import problem_named
from fieldwright.physics.pinn.networks.architecture import Architecture
from fieldwright.physics.pinn.training_plan import Sampling
from fieldwright.surrogates.equations.case import EquationCase
from fieldwright.surrogates.equations.settings import PinnConfig
from fieldwright.surrogates.equations.training import solve


def command(*arguments: str) -> None:
    app([*arguments], exit_on_error=False, print_error=False, result_action="return_value")


def test_mistakes_are_sentences_that_say_what_to_do(study, tmp_path: Path):
    table = tmp_path / "queries.csv"
    for words, content, sentence in (
        (
            ("load=2",),
            "",
            "All of load, modulus must be given. Got no 'modulus'. Add modulus=NUMBER, trained from 5",
        ),
        (("lod=2", "modulus=7"), "", "must be one of load, modulus. Got 'lod'. Did you mean 'load'?"),
        (("load=2", "load=3"), "", "must be given once"),
        (("load=2e4N", "modulus=7"), "", "'load' must be a finite number. Got '2e4N'"),
        (("load=nan", "modulus=7"), "", "'load' must be a finite number"),
        (("load", "modulus=7"), "", "must be typed as NAME=NUMBER"),
        (("load=2", "modulus=7", "--out", "field.stl"), "", "must end in .csv or .vtu or .zip"),
        (("load=2", "modulus=7", "--plot", "field.pdf"), "", "must end in .png"),
        (("load=2", "modulus=7", "--version", "9"), "", "must have the version that is named"),
        (("load=2", "modulus=7", "--quantities", "max(strain)"), "", "must be one of U, stress"),
        (("load=2", "modulus=7", "--times", "1"), "", "times"),
        (
            ("load=2", "modulus=7", "--field", "strain", "--out", str(tmp_path / "f.vtu")),
            "",
            "must be one of",
        ),
        (
            ("--csv", str(table)),
            "load\n2\n3\n",
            "Got no 'modulus' among load. Add the column, or give modulus=",
        ),
        (
            ("--csv", str(table)),
            "load [kN],modulus\n2,7\n",
            "must be given in 'N', its unit in the study. Got 'kN'",
        ),
        (("--csv", str(table)), "load,modulus\n2,7\nx,7\n", "Got 'x' in row 3 of 'queries.csv'"),
        (("--csv", str(tmp_path / "none.csv")), "", "none.csv"),
        (
            ("--csv", str(table), "--out", str(tmp_path / "f.vtu")),
            "load,modulus\n2,7\n2,8\n",
            "must hold one query at one time. Got 2 of them",
        ),
    ):
        table.write_text(content)
        with pytest.raises(FieldwrightError) as raised:
            command("predict", str(study), *words)
        assert sentence in str(raised.value)
    assert not list(tmp_path.glob("f.*"))


def test_a_version_by_its_number_answers(study, capsys: pytest.CaptureFixture):
    query = ("load=2", "modulus=7", "--quantities", "max(stress)")
    for version, value in (((), "4"), (("--version", "2"), "104")):
        command("predict", str(study), *query, *version)
        row = next(line for line in capsys.readouterr().out.splitlines() if "max(stress)" in line)
        assert float(row.strip("│ ").split("│")[1]) == pytest.approx(float(value), rel=1e-3)


def test_without_a_champion_nothing_is_asked_and_no_page_opened(make_study):
    study = str(make_study(1))
    with pytest.raises(FieldwrightError, match=r"must have a champion to be asked\. Got none\. Run it first"):
        command("predict", study, "load=2", "modulus=7")
    with pytest.raises(FieldwrightError, match="must have a champion to be served"):
        command("open", study, "--no-browser", "--port", "1")


def test_an_equation_is_asked_by_coordinates_and_parameters():
    case = EquationCase(problem_named("second_order_bvp"), varied=("a",), units={"x": "m", "u": "K"})
    plan = PinnConfig(
        architecture=Architecture((8,)),
        sampling=Sampling(60),
        first_steps=5,
        rounds=1,
        steps=5,
        tolerance=0.5,
    )
    solution = solve(case, plan, seed=0, name="beam").surrogate
    infos = inputs_of(solution, "study.toml")
    assert [info.name for info in infos] == ["x", "a"]
    x = single_query(values_of_words(["a=1.5", "x=0.25"]), infos)
    answer = answer_of_solution(solution, x, None)
    direct = solution.predict(np.array([[0.25]]), {"a": 1.5})
    columns = {column.name: column for column in answer.columns}
    output = solution.description.outputs[0].name
    assert direct.upper is not None
    assert np.asarray(columns[output].values)[0] == direct.mean[output][0]
    assert np.asarray(columns[f"{output} upper"].values)[0] == direct.upper[output][0]
    assert columns[output].unit == "K"
    assert "promise no probability" in answer.bands
    assert answer.inside.tolist() == direct.inside.tolist()
    with pytest.raises(QueryError, match="must be those of a model of runs"):
        answer.meshes()


class _Page(http.server.BaseHTTPRequestHandler):
    content = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def listening(content: bytes) -> Iterator[int]:
    """A program on a free port that answers everything with this content."""
    handler = type("Page", (_Page,), {"content": content})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def test_the_page_of_an_endpoint_that_runs_is_opened(study, capsys: pytest.CaptureFixture):
    models = json.dumps({"models": [{"model": "beam"}]}).encode()
    with listening(models) as port:
        with pytest.raises(SystemExit, match="0"):
            command("open", str(study), "--no-browser", "--port", str(port))
        assert f"Page: http://127.0.0.1:{port}/\n" in capsys.readouterr().out


def test_what_else_has_the_port_is_said(study):
    from rich.console import Console

    console, loaded = Console(quiet=True), load_study(study)
    with (
        listening(json.dumps({"models": [{"model": "plate"}]}).encode()) as port,
        pytest.raises(ModelError, match=r"must serve 'beam'\. Got 'plate'\. Choose another port"),
    ):
        open_page(loaded, port, False, console)
    with listening(b"<p>another program</p>") as port, pytest.raises(ModelError, match="of Fieldwright"):
        open_page(loaded, port, False, console)
    assert served_models(f"http://127.0.0.1:{port}") is None
    assert page_link("http://h", "beam", 2) == "http://h/#model=beam"
