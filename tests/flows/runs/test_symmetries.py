"""Symmetries and conserved integrals of a study: measured of every candidate, built in where every run has them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import meshio
import numpy as np
import pytest

from fieldwright.data.errors import StudyError
from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.workflow import run_study

STUDY = """
name = "pulled"
[runs]
folder = "runs"
pattern = "run_*.vtu"
[parameters]
table = "parameters.csv"
columns = {{ load = {{}}, skew = {{}} }}
[fields.u]
conserved = true
[reduction]
rank = 4
[validation]
folds = 4
[[candidates]]
kind = "{kind}"
{more}
"""


@pytest.fixture
def pulled(tmp_path: Path) -> Callable[..., Path]:
    """pulled(more, odd) writes 20 runs that the mirror x -> -x with skew -> -skew maps onto each other."""

    def make(more: str, odd: float, kind: str = "bayes") -> Path:
        rng = np.random.default_rng(0)
        line = np.linspace(-1.0, 1.0, 7)
        x, y = (axis.ravel() for axis in np.meshgrid(line, line))
        corner = np.array([7 * row + column for row in range(6) for column in range(6)])
        quads = np.stack([corner, corner + 1, corner + 8, corner + 7], axis=1)
        (tmp_path / "runs").mkdir()
        rows = ["run,load,skew"]
        for number in range(20):
            load, skew = rng.uniform(1.0, 2.0), rng.uniform(-1.0, 1.0)
            u = load * (np.cos(x) + y**2) + odd * skew * load * x**3
            mesh = meshio.Mesh(np.stack([x, y, 0 * x], axis=1), {"quad": quads}, point_data={"u": u})
            mesh.write(tmp_path / "runs" / f"run_{number:02d}.vtu")
            rows.append(f"run_{number:02d},{load!r},{skew!r}")
        (tmp_path / "parameters.csv").write_text("\n".join(rows) + "\n")
        path = tmp_path / "study.toml"
        path.write_text(STUDY.format(more=more, kind=kind))
        return path

    return make


def metrics_of(path: Path, role: str) -> dict[str, float]:
    study = Study.load(path)
    tracking = Tracking.of(study)
    runs = tracking.client.search_runs([tracking.experiment_id()], f"tags.role = '{role}'")
    return runs[0].data.metrics


MIRROR = '[[symmetries]]\nkind = "mirror"\naxis = "x"\n'


def test_a_symmetry_that_changes_parameters_is_measured_of_the_champion(pulled) -> None:
    path = pulled(MIRROR + "parameters = { skew = -1 }\n", odd=1.0, kind="mlp")
    run_study(str(path))
    found = metrics_of(path, "pipeline")
    # The model has learned it from the runs alone: it holds nearly, not exactly.
    assert 1e-12 < found["symmetry.mirror_x.u"] < 1e-2
    candidate = metrics_of(path, "candidate")
    assert not any(name.startswith("symmetry.") for name in candidate)
    assert candidate["conservation.u"] < 1e-2


def test_a_scaling_is_measured(pulled) -> None:
    scaling = (
        '[[symmetries]]\nkind = "scaling"\nparameters = { load = 1.2 }\nfields = { u = 1.2 }\nname = "load"\n'
    )
    path = pulled(scaling, odd=1.0, kind="linear")
    run_study(str(path))
    # Without the term skew * load a plane is exactly linear in the load, but not homogeneous with it.
    assert 1e-4 < metrics_of(path, "pipeline")["symmetry.load.u"] < 0.5


def test_what_every_run_has_is_built_in_exactly(pulled) -> None:
    path = pulled(MIRROR + "built_in = true\n", odd=1e-3)
    run_study(str(path))
    candidate = metrics_of(path, "candidate")
    assert candidate["symmetry.mirror_x.u"] < 1e-12
    assert candidate["symmetry.mirror_x.u.runs"] < 1e-12


def test_a_run_without_the_symmetry_is_named_and_nothing_is_learned(pulled) -> None:
    path = pulled(MIRROR + "built_in = true\n", odd=1.0)
    with pytest.raises(StudyError, match=r"Every run must have the symmetry 'mirror_x' in 'u'.*in run 'run_"):
        run_study(str(path))


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ('[[symmetries]]\nkind = "mirror"\n', "a mirror needs its normal 'axis'"),
        (MIRROR + "parameters = { force = -1 }\n", "must be among load, skew: 'force'"),
        (MIRROR + "built_in = true\nparameters = { skew = -1 }\n", "only a mirror or a rotation"),
        ('[[symmetries]]\nkind = "scaling"\n', "a scaling needs the 'parameters'"),
    ],
)
def test_a_symmetry_that_makes_no_sense_is_refused(pulled, more: str, sentence: str) -> None:
    with pytest.raises(StudyError, match=sentence):
        Study.load(pulled(more, odd=0.0))
