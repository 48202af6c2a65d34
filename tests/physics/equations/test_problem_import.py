"""A user's own equation: loaded by `module:Problem`, trained like any other, and refused in one clear sentence."""

import re
from pathlib import Path

import pytest

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.equations.measurements import measured_on_reference
from fieldwright.physics.equations.problems import problem_named
from fieldwright.physics.pinn.networks.architecture import Architecture
from fieldwright.physics.pinn.pinn import train_pinn
from fieldwright.physics.pinn.training_plan import Sampling, TrainingPlan

PAGE = Path(__file__).parents[3] / "docs/pinn.md"


@pytest.fixture
def folder(tmp_path):
    (example,) = re.findall(r"Ten lines.*?```python\n(.*?)```", PAGE.read_text(), re.S)
    (tmp_path / "decay.py").write_text(example + "\nmade = lambda: problem\nnumber = 3\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/other.py").write_text("from decay import problem as again\n")
    (tmp_path / "broken.py").write_text("1 / 0\n")
    (tmp_path / "hungry.py").write_text("import no_such_library\n")
    return tmp_path


def test_the_pages_example_is_checked_trained_and_inverted(folder):
    problem = problem_named("decay:problem", folder)
    assert problem.check_reference() < 1e-12
    plan = TrainingPlan(Architecture((10,)), Sampling(100), first_steps=50, rounds=3, steps=30)
    for noise, accuracy in ((0.0, 1e-3), (0.01, 0.02)):
        measured = measured_on_reference(problem, n=20, noise=noise, seed=0, c={"rate": 0.8})
        pinn = train_pinn(problem, plan, seed=0, estimated=("rate",), measured=measured)
        assert pinn.verdict == "converged" or noise > 0
        assert pinn.estimates["rate"] == pytest.approx(0.8, rel=accuracy)


def test_functions_subfolders_and_installed_modules_are_found(folder, monkeypatch):
    assert problem_named("decay:made", folder).name == "decay"
    assert problem_named("sub.other:again", folder).name == "decay"
    # Without a folder: what the interpreter itself can import.
    monkeypatch.syspath_prepend(folder / "sub")
    monkeypatch.syspath_prepend(folder)
    assert problem_named("other:again").name == "decay"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("decay:", r"must be named 'module:Problem'.*Got 'decay:'"),
        ("../decay:problem", r"must be named 'module:Problem'"),
        ("dekay:problem", r"'dekay' of the equation .* must be found in .*No module named 'dekay'"),
        ("hungry:problem", r"'hungry' .* with all it imports.*No module named 'no_such_library'"),
        ("broken:problem", r"'broken' .* must run without an error.*ZeroDivisionError: division by zero"),
        ("decay:probelm", r"must hold the equation 'probelm'.*Got the equations problem"),
        ("decay:number", r"must be a fieldwright.physics.equations.problem.Problem.*Got int"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(folder, name, sentence):
    with pytest.raises(FieldwrightError, match=sentence):
        problem_named(name, folder)


def test_a_wrong_reference_is_refused_before_training(folder):
    text = (folder / "decay.py").read_text().replace("torch.exp(-c", "torch.exp(-1.01 * c")
    (folder / "wrong.py").write_text(text)
    with pytest.raises(FieldwrightError, match="reference solution of 'decay' must satisfy its equation"):
        train_pinn(problem_named("wrong:problem", folder), TrainingPlan(), seed=0)
