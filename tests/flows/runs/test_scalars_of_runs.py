"""Numbers of each run beside its fields, from its folder and from a table, through the whole pipeline."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from fieldwright.data.errors import QueryError
from fieldwright.data.store.snapshot_store import SnapshotStore
from fieldwright.flows.commands.report_tables import print_report
from fieldwright.flows.study.loading import load_study
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.workflow import run_study
from fieldwright.surrogates.fields.answers.columns import prediction_columns
from fieldwright.surrogates.fields.answers.meshes import field_places, prediction_meshes
from fieldwright.surrogates.fields.quantities import Quantity, default_quantities, parsed_quantity
from fieldwright.surrogates.fields.surrogate import Surrogate

SCALARS = """
[scalars]
force = { file = "history.csv: force", take = "mean", start = 1.0, unit = "N" }
mass = { table = "runs/results.csv", unit = "kg" }
balance = { table = "runs/results.csv", column = "net" }
[promotion.max_error]
force = 0.05
"""


def force(load: float, modulus: float) -> float:
    return 4.0 * load**2 / modulus


@pytest.fixture(scope="module")
def study_path(study_in, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("scalars")
    path = study_in(folder, 24, SCALARS)
    runs = folder / "runs"
    rows = ["run,mass,net"]
    for line in (runs / "parameters.csv").read_text().splitlines()[1:]:
        name, load, modulus = line.split(",")
        value = force(float(load), float(modulus))
        # A transient that does not count, then an oscillation about the value over a whole period.
        times = np.append(0.0, 1.0 + np.linspace(0.0, 1.0, 201))
        values = np.append(1e3, value + np.sin(2.0 * np.pi * times[1:]))
        table = "\n".join(f"{t!r},{v!r}" for t, v in zip(times.tolist(), values.tolist(), strict=True))
        (runs / name / "history.csv").write_text(f"time,force\n{table}\n")
        # The net value lies near zero in some runs, so that its errors cannot be shares of its own size.
        rows.append(f"{name},{2.0 + float(load)!r},{float(load) - 2.0!r}")
    (runs / "results.csv").write_text("\n".join(rows) + "\n")
    return path


def test_scalars_are_learned_promoted_and_answered(study_path, tmp_path):
    study = load_study(study_path)
    report = run_study(str(study_path))
    snapshots = SnapshotStore(study.store_path).snapshots()
    x = np.column_stack([snapshots["load"], snapshots["modulus"]])
    np.testing.assert_allclose(snapshots["force"], [force(*row) for row in x], rtol=1e-6)
    np.testing.assert_allclose(snapshots["balance"], x[:, 0] - 2.0, rtol=1e-12)

    assert report.promoted, report
    text = io.StringIO()
    print_report(Console(file=text, width=160), report)
    assert "force" in text.getvalue()

    page = next((tmp_path / "home").rglob("report.html")).read_text()
    assert "describe stress" in page
    assert "describes force" not in page

    registry = Tracking.of(study).registry
    champion = registry.champion()
    assert champion is not None
    surrogate = Surrogate.load(registry.download(champion, tmp_path / "champion"))
    info = surrogate.info("force")
    assert (info.on, info.n_points, info.unit, info.times) == ("run", 1, "N", None)
    assert [one.label for one in default_quantities(info)] == ["force"]

    inside = np.array([[1.7, 6.3], [2.6, 8.1], [2.05, 7.0]])
    labels = ["force", "mass", "balance", "max(stress)"]
    quantities = [parsed_quantity(label, surrogate.description.fields) for label in labels]
    answer = surrogate.predict(inside, fields=["stress", "force"], quantities=quantities)
    true = np.array([force(*row) for row in inside])
    band = answer.quantities["force"]
    np.testing.assert_allclose(band.mean, true, rtol=0.02)
    assert (band.lower <= band.mean).all()
    np.testing.assert_allclose(answer.quantities["mass"].mean, 2.0 + inside[:, 0], rtol=1e-3)
    np.testing.assert_allclose(answer.quantities["balance"].mean, inside[:, 0] - 2.0, atol=2e-3)
    # As a field it is the same number.
    np.testing.assert_array_equal(answer.fields["force"].mean[:, 0, 0], band.mean)

    # A mean error of a share of 0.05 of the root mean square, though a run has nearly none.
    errors = surrogate.description.errors
    assert errors["balance"]["relative_l2.mean"] < 0.05
    assert errors["force"]["fluctuation_l2.mean"] < 0.05

    table = prediction_columns(surrogate, inside, answer, quantities, ["force"])
    columns = {one.name: one for one in table}
    assert len(columns) == len(table)
    np.testing.assert_array_equal(columns["force"].values, band.mean)
    (mesh, *_) = prediction_meshes(surrogate, answer, ["stress", "force"])
    assert set(mesh.point_data) >= {"stress", "stress lower"}
    assert "force" not in mesh.point_data
    assert mesh.numbers["force"] == band.mean[0]

    for label, said in (
        ("max(force)", "its value"),
        ("force.x", "must be written as"),
        ("Cd", "scalars force"),
    ):
        with pytest.raises(QueryError, match=said):
            surrogate.predict(inside, quantities=[parsed_quantity(label, surrogate.description.fields)])
    with pytest.raises(QueryError, match="must be max, min"):
        surrogate.predict(inside, quantities=[Quantity("value", "stress")])
    with pytest.raises(QueryError, match="has no mesh"):
        field_places(surrogate, "force")
    assert json.loads(surrogate.description.model_dump_json())["fields"][-1]["on"] == "run"


@pytest.mark.slow
def test_a_run_without_its_scalar_is_rejected_alone(study_path):
    lost = study_path.parent / "runs" / "run_0003" / "history.csv"
    kept = lost.read_text()
    try:
        lost.unlink()
        report = run_study(str(study_path))
        ((name, reason, sentence),) = report.ingested.rejected
        assert (name, reason) == ("run_0003", "missing field")
        assert "the scalar 'force'" in sentence
        assert "no file that matches 'history.csv'" in sentence
    finally:
        lost.write_text(kept)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('[scalars]\nstress = { file = "a.csv: b" }', "a name that no field has"),
        ("[scalars]\nforce = { unit = 'N' }", "either a 'file' of the run or a 'table'"),
        ('[scalars]\nforce = { file = "a.csv" }', "FILE: ENTRY"),
        (
            '[scalars]\nforce = { file = "a.csv: b" }\n[time]\nhistory = 2',
            "without `[geometry]` or a 'history'",
        ),
    ],
)
def test_a_study_says_what_a_scalar_needs(make_study, more, said):
    with pytest.raises(Exception, match=said.replace("[", r"\[").replace("(", r"\(")):
        load_study(make_study(2, more))
