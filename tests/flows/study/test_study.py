"""The study file: strict, and each mistake gets one sentence that names the key."""

from __future__ import annotations

from pathlib import Path

import pytest

from fieldwright.data.errors import StudyError
from fieldwright.data.tracking_file import default_uri
from fieldwright.flows.study.errors import RENAMED_KEYS
from fieldwright.flows.study.loading import load_study
from fieldwright.flows.study.reference import reference
from fieldwright.flows.study.runs_study import Study

ROOT = Path(__file__).parents[3]
GOOD = """
name = "beam"
[runs]
folder = "runs"
[parameters]
table = "runs/parameters.csv"
columns = { load = { unit = "N" } }
[fields]
stress = { unit = "Pa" }
"""
PHOTOS = """
name = "cracks"
kind = "classification"
[photos]
folder = "photos"
"""


def load(folder: Path, text: str) -> Study:
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return Study.load(path)


def sentence(folder: Path, text: str) -> str:
    with pytest.raises(StudyError) as error:
        load(folder, text)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_defaults_make_a_short_study_whole(tmp_path: Path) -> None:
    study = load(tmp_path, GOOD)
    assert [candidate.kind for candidate in study.candidates] == ["bayes", "gp", "mlp"]
    assert study.reduction_of("stress").kind == "svd"
    assert study.validation.coverage == 0.9
    assert study.beside(study.runs.folder) == (tmp_path / "runs").resolve()


def test_unknown_key_names_the_nearest_valid_one(tmp_path: Path) -> None:
    assert "Did you mean 'folder'" in sentence(tmp_path, GOOD.replace("folder =", "foldr ="))
    said = sentence(tmp_path, GOOD + "[validation]\ncoverag = 0.9\n")
    assert "'coverag'" in said
    assert "[validation]" in said
    assert "Did you mean 'coverage'" in said


def test_unknown_key_of_a_candidate_names_the_keys_of_its_kind(tmp_path: Path) -> None:
    said = sentence(tmp_path, GOOD + '[[candidates]]\nkind = "bayes"\ndegre = 2\n')
    assert "'degre'" in said
    assert "Did you mean 'degree'" in said


def test_unknown_kind_lists_the_kinds(tmp_path: Path) -> None:
    said = sentence(tmp_path, GOOD + '[[candidates]]\nkind = "svm"\n')
    assert "'svm'" in said
    assert "'gp'" in said
    assert "'mlp'" in said


def test_missing_key_is_named(tmp_path: Path) -> None:
    assert "'runs.folder' must be given" in sentence(tmp_path, GOOD.replace('folder = "runs"', ""))


def test_value_of_the_wrong_kind_is_shown(tmp_path: Path) -> None:
    said = sentence(tmp_path, GOOD + "[validation]\nfolds = 1\n")
    assert "validation.folds" in said
    assert "greater than or equal to 2" in said
    assert "Got 1" in said


def test_promotion_limit_must_name_a_field(tmp_path: Path) -> None:
    assert "'stres'" in sentence(tmp_path, GOOD + "[promotion]\nmax_error = { stres = 0.1 }\n")


def test_broken_toml_and_missing_file_are_one_sentence(tmp_path: Path) -> None:
    assert "valid TOML" in sentence(tmp_path, "name = [")
    with pytest.raises(StudyError, match="must exist"):
        Study.load(tmp_path / "nowhere.toml")


def test_field_can_have_its_own_reduction(tmp_path: Path) -> None:
    study = load(tmp_path, GOOD.replace('{ unit = "Pa" }', '{ unit = "Pa", reduction = { rank = 3 } }'))
    assert study.reduction_of("stress").rank == 3


DERIVED = (
    GOOD
    + """
[parameters.derived]
stress_scale = "load ** 2 / 3"
"""
)


def test_a_study_tells_formulas_references_and_powers(tmp_path: Path) -> None:
    text = DERIVED.replace('unit = "Pa"', 'unit = "Pa", reference = "load", scale_by = { load = 0.5 }')
    hints = load(tmp_path, text).hints
    assert hints.parameters == ("load",)
    assert hints.derived["stress_scale"].formula == "load ** 2 / 3"
    assert not hints.derived["stress_scale"].replace
    assert hints.fields["stress"].reference == "load"
    assert hints.fields["stress"].scale_by == {"load": 0.5}
    full = text.replace('"load ** 2 / 3"', '{ formula = "load ** 2", replace = true, scale = "log" }')
    assert load(tmp_path, full).hints.derived["stress_scale"].replace


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("laod ** 2", ["'laod ** 2' must be among load", "Did you mean 'load'"]),
        ("__import__('os')", ["must be among load. Got '__import__'"]),
        ("load if load else 1", ["must be made of numbers, parameter names"]),
        ("2.0 * 3", ["'stress_scale' must be of parameters"]),
    ],
)
def test_a_wrong_formula_is_one_sentence(tmp_path: Path, formula: str, words: list[str]) -> None:
    text = sentence(tmp_path, DERIVED.replace("load ** 2 / 3", formula))
    assert all(word in text for word in words), text


def test_what_scales_a_field_must_be_a_parameter(tmp_path: Path) -> None:
    for hint in ('reference = "speed"', "scale_by = { speed = 1 }"):
        text = sentence(tmp_path, GOOD.replace('unit = "Pa"', hint))
        assert "of the field 'stress' must name parameters (load): 'speed'" in text


def test_example_study_is_valid() -> None:
    assert Study.load(ROOT / "examples" / "plate" / "study.toml").name == "plate"


def test_reference_page_is_up_to_date() -> None:
    """Else: make docs."""
    assert (ROOT / "docs" / "study.md").read_text(encoding="utf-8") == reference()


@pytest.mark.parametrize(("old", "new"), RENAMED_KEYS.items())
def test_a_key_of_an_older_study_file_is_named_by_its_new_name(tmp_path: Path, old: str, new: str) -> None:
    table, key = old.split(".")
    family = GOOD if table in Study.model_fields else PHOTOS
    path = tmp_path / "study.toml"
    before, _, after = family.partition(f"[{table}]\n")
    path.write_text(f"{before}[{table}]\n{key} = 0\n{after}", encoding="utf-8")
    with pytest.raises(StudyError, match=f"'{old}' must be called by its new name, '{new}'") as error:
        load_study(path)
    assert str(error.value).endswith(f"Write '{new}'.")
    table, key = new.split(".")
    assert f"| `{key}` |" in reference().split(f"\n## `[{table}]`")[1].split("\n## ")[0]


@pytest.mark.parametrize(
    ("uri", "whole"),
    [
        ("sqlite:///tracking.db", "sqlite:///{folder}/tracking.db"),
        ("sqlite:///../stores/a.db?timeout=5", "sqlite:///{parent}/stores/a.db?timeout=5"),
        ("sqlite:////stores/a.db", "sqlite:////stores/a.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("postgresql://host/mlflow", "postgresql://host/mlflow"),
    ],
)
def test_a_tracking_store_is_found_from_every_folder(tmp_path: Path, monkeypatch, uri: str, whole: str):
    expected = whole.format(folder=tmp_path, parent=tmp_path.parent)
    assert load(tmp_path, f'{GOOD}[tracking]\nuri = "{uri}"').tracking.uri == expected
    # Of the environment: as seen from the folder of the command that reads it.
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert default_uri() == expected
