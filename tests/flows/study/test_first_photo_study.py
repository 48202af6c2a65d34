"""The study file that `fieldwright new` writes where there is no photo yet."""

from pathlib import Path

import pytest

from fieldwright.data.errors import StudyError
from fieldwright.flows.cli import app
from fieldwright.flows.study.loading import load_study
from fieldwright.flows.study.photo_study import PhotoStudy


def new(*words: str) -> None:
    app(["new", *words], exit_on_error=False, result_action="return_value")


@pytest.mark.parametrize("kind", ["segmentation", "classification"])
def test_a_study_without_a_photo_is_of_drawn_surfaces(tmp_path: Path, kind: str) -> None:
    new("--cracks", kind, "--study", str(tmp_path / "cracks.toml"))
    study = load_study(tmp_path / "cracks.toml")
    assert isinstance(study, PhotoStudy)
    study.check()
    assert (study.kind, study.photos) == (kind, None)
    assert study.generator is not None
    assert study.configs == study.candidates, "a backbone that comes along is no path"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ((), "none of them"),
        (("--equation", "burgers", "--cracks", "segmentation"), "--equation and --cracks"),
    ],
)
def test_a_first_study_is_of_one_thing(tmp_path: Path, words: tuple[str, ...], found: str) -> None:
    with pytest.raises(StudyError, match=found):
        new(*words, "--study", str(tmp_path / "study.toml"))
    assert not (tmp_path / "study.toml").exists()
