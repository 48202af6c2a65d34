"""POST /solve: points and parameters in, values and derivatives with units out, or one sentence why not."""

from __future__ import annotations

import io
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import fieldwright as fw
from fieldwright.serving.endpoint import Endpoint
from fieldwright.serving.forms.accept import CSV
from fieldwright.serving.hosting.champion import Champion
from fieldwright.serving.hosting.shelf import Shelf, Shelved

A = {"a": 3.0}


@pytest.fixture(scope="module")
def champion(solution, tmp_path_factory) -> Champion:
    """What a worker answers with that finds the solution on its shelf."""
    shelf = Shelf(tmp_path_factory.mktemp("shelf"))
    solution.save(shelf.folder / "1-a")
    shelf.point_to(Shelved("beam", "1", "1-a"))
    champion = Champion(shelf)
    champion.refresh()
    assert champion.failure == ""
    return champion


def test_points_are_answered_with_values_derivatives_and_units(champion, ask, solution):
    points = [[0.25], [0.5], [1.0]]
    body = {"points": points, "parameters": A, "derivatives": ["u_x", "u_xx", "u_a"]}
    reply = ask(champion, "POST", "/solve", json=body)
    assert reply.status_code == 200
    answer = reply.json()
    assert (answer["model"], answer["version"], answer["equation"]) == ("beam", "1", "second_order_bvp")
    own = solution.predict(np.array(points), A, body["derivatives"])
    u = answer["outputs"]["u"]
    assert u["unit"] == "K"
    for statistic in ("mean", "std", "lower", "upper"):
        np.testing.assert_allclose(u[statistic], getattr(own, statistic)["u"], rtol=1e-12)
    units = {name: about["unit"] for name, about in answer["derivatives"].items()}
    assert units == {"u_x": "K/m", "u_xx": "K/m2", "u_a": "K"}
    np.testing.assert_allclose(answer["derivatives"]["u_xx"]["mean"], own.derivatives["u_xx"], rtol=1e-12)
    assert answer["inside"] == [True] * 3
    assert u["mean"][2] == 1.0  # held by the lift


def test_each_point_may_have_its_own_parameters(champion, ask):
    rows = [{"a": 1.0}, {"a": 6.0}]
    both = ask(champion, "POST", "/solve", json={"points": [[0.5]] * 2, "parameters": rows}).json()
    for k, row in enumerate(rows):
        one = ask(champion, "POST", "/solve", json={"points": [[0.5]], "parameters": row}).json()
        assert one["outputs"]["u"]["mean"] == [both["outputs"]["u"]["mean"][k]]


def test_outside_is_refused_unless_it_is_asked_for(champion, ask):
    body = {"points": [[0.5], [1.5]], "parameters": A}
    refused = ask(champion, "POST", "/solve", json=body)
    assert refused.status_code == 422
    assert "point 1: the point x = 1.5 lies outside the domain" in refused.json()["error"]
    answered = ask(champion, "POST", "/solve", json=body | {"outside": "answer"}).json()
    assert answered["inside"] == [True, False]
    assert answered["why"] == [None, "the point x = 1.5 lies outside the domain of the equation"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"points": [[0.1, 0.2]], "parameters": A}, "each of 1 numbers (x). Got points of 2"),
        ({"points": [0.1], "parameters": A}, "Got no list of points"),
        ({"points": [], "parameters": A}, "Got no list of points"),
        ({"points": [[None]], "parameters": A}, "something else than numbers"),
        ({"parameters": A}, "'points' must be a list of points"),
        (
            {"points": [[0.1]]},
            "'parameters' must be an object of named numbers, or a list of one or more such objects. Got nothing",
        ),
        ({"points": [[0.1]], "parameters": {"a": 30.0}}, "beyond the range that was trained, 1 to 8"),
        ({"points": [[0.1]], "parameters": [A, A]}, "Got 2 for 1 points"),
        ({"points": [[0.1]], "parameters": A, "derivatives": ["u_y"]}, "by x, a. Got 'u_y'"),
        ({"points": [[0.1]], "parameters": A, "derivatives": "u_x"}, "must be a list of names"),
        ({"points": [[0.1]], "parameters": A, "derivatives": ["u_xxxxx"]}, "of order 4 at most"),
        ({"points": [[0.1]], "parameters": A, "outside": "guess"}, "among 'refuse' and 'answer'"),
        ({"points": [[0.1]], "parameters": A, "point": []}, "Perhaps 'points' was meant"),
        ({"points": [[0.1]] * 50_001, "parameters": A}, "at most 50000 points"),
        ([], "must be a JSON object"),
    ],
)
def test_what_does_not_fit_is_answered_in_a_sentence(champion, ask, body, says):
    reply = ask(champion, "POST", "/solve", json=body)
    assert reply.status_code == 422
    assert says in reply.json()["error"]


def test_every_option_is_honoured_or_refused(check_options, champion):
    table = {
        "points": [([[0.2]], ""), ([[[0.2]]], "Got no list of points")],
        "parameters": [({"a": 2.0}, ""), ({"a": "2"}, "must be a finite number")],
        "units": [({"a": "km"}, "must be given in")],
        "derivatives": [(["u_x"], ""), (["u_x"] * 17, "at most 16 derivatives")],
        "outside": [("ignore", "'outside' must be among 'refuse' and 'answer'")],
        "band": [("pointwise", "The body's keys must be among")],
    }
    check_options(champion, "/solve", table, json={"points": [[0.5]], "parameters": A})


def test_the_solution_comes_as_an_archive_too(champion, ask):
    body = {"points": [[0.25], [0.5]], "parameters": A, "derivatives": ["u_x"]}
    answer = ask(champion, "POST", "/solve", json=body).json()
    reply = ask(champion, "POST", "/solve", json=body, headers={"Accept": "application/x-npz"})
    with np.load(io.BytesIO(reply.content), allow_pickle=False) as archive:
        np.testing.assert_array_equal(archive["outputs/u/mean"], answer["outputs"]["u"]["mean"])
        np.testing.assert_array_equal(archive["derivatives/u_x/mean"], answer["derivatives"]["u_x"]["mean"])


def test_questions_drawn_from_the_document_are_answered_in_its_words(check_interface, champion):
    check_interface(champion, {"/solve", "/models"}, examples=12)


def test_nan_is_refused_before_it_is_read(champion, ask):
    headers = {"Content-Type": "application/json"}
    reply = ask(champion, "POST", "/solve", content=b'{"points": [[NaN]]}', headers=headers)
    assert reply.status_code == 400
    assert "NaN, which JSON does not have" in reply.json()["error"]


def test_other_questions_are_sent_to_the_right_route(champion, ask):
    for path in ("/predict", "/gradients"):
        reply = ask(champion, "POST", path, json={"parameters": A})
        assert reply.status_code == 422
        assert "'beam', a solution of an equation. Ask POST /solve" in reply.json()["error"]


def test_the_interface_and_the_verdict_are_told(champion, ask):
    about = ask(champion, "GET", "/models").json()["models"][0]
    assert about["coordinates"] == [{"name": "x", "unit": "m", "minimum": 0.0, "maximum": 1.0}]
    assert about["parameters"][0]["name"] == "a"
    assert about["verdict"]["findings"][0]["name"] == "converged"
    document = ask(champion, "GET", "/docs.json").json()
    assert "/predict" not in document["paths"]
    content = document["paths"]["/solve"]["post"]["requestBody"]["content"]["application/json"]
    properties = document["components"]["schemas"][content["schema"]["$ref"].split("/")[-1]]["properties"]
    assert set(properties) == {"points", "parameters", "units", "derivatives", "outside"}
    assert ask(champion, "POST", "/solve", json=content["example"]).status_code == 200


@pytest.mark.slow
def test_a_worker_answers_without_deepxde_or_any_equation(solution, tmp_path):
    solution.save(tmp_path / "model")
    code = (
        "import sys, pathlib, numpy as np\n"
        "from fieldwright.serving.families import load_shelved\n"
        "from fieldwright.serving.hosting.shelf import Shelved\n"
        f"served = load_shelved(Shelved('beam', '1', '1'), pathlib.Path({str(tmp_path / 'model')!r}))\n"
        "query = served.read({'points': [[0.5]], 'parameters': {'a': 3.0}, 'derivatives': ['u_xx']})\n"
        "served.solve(query)\n"
        "names = ('deepxde', 'fieldwright.physics.equations.problems', 'mlflow')\n"
        "print([name for name in names if name in sys.modules])\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600)
    assert result.stdout.strip() == "[]", result.stdout + result.stderr


def test_the_client_has_outputs_and_derivatives_as_tables(champion, solution, listening):
    points, parameters = [[0.25], [0.5]], pd.DataFrame({"a": [3.0, 2.0]})
    with listening(Endpoint(champion).app()) as url, fw.Client(url) as client:
        answer = client.solve(np.array(points), parameters, derivatives=["u_x"])
        with pytest.raises(fw.FieldwrightError, match="point 0"):
            client.solve([[9.0]], A)
        outside = client.solve([[9.0]], A, outside="answer")
    truth = solution.predict(np.array(points), {"a": np.array([3.0, 2.0])}, ["u_x"])
    np.testing.assert_allclose(answer.outputs["u", "mean"], truth.mean["u"])
    np.testing.assert_allclose(answer.outputs["u", "upper"], truth.upper["u"])
    np.testing.assert_allclose(answer.derivatives["u_x", "mean"], truth.derivatives["u_x"])
    assert answer.outputs.attrs["units"] == {"u": "K"}
    assert answer.inside.tolist() == [True, True]
    assert outside.inside.tolist() == [False]
    assert outside.why[0]


def test_a_solution_comes_as_a_table(champion, ask):
    body = {"points": [[0.25], [0.5]], "parameters": A, "derivatives": ["u_x"]}
    answer = ask(champion, "POST", "/solve", json=body).json()
    table = pd.read_csv(io.StringIO(ask(champion, "POST", "/solve", json=body, headers={"Accept": CSV}).text))
    assert list(table)[:3] == ["x [m]", "a", "u [K]"]
    np.testing.assert_array_equal(table["u error [K]"], answer["outputs"]["u"]["error"])
    np.testing.assert_array_equal(table["u_x [K/m]"], answer["derivatives"]["u_x"]["mean"])
