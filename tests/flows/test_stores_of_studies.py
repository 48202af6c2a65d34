"""A study's store is of its folder alone, and runs can be taken out of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fieldwright.data.errors import FieldwrightError
from fieldwright.data.store.snapshot_store import SnapshotStore
from fieldwright.flows.cli import app
from fieldwright.flows.runs.inputs import read_runs
from fieldwright.flows.study.runs_study import Study


def study_of(folder: Path, values: range) -> Study:
    """Runs of one field and one parameter in a folder called `runs`, and a study that is called like it."""
    runs = folder / "runs"
    runs.mkdir(parents=True)
    rows = ["run,a"]
    for i in values:
        points = "\n".join(f"{x / 4},{i * x / 4 + len(folder.name)}" for x in range(5))
        (runs / f"case_{i:02d}.csv").write_text(f"x,T\n{points}\n")
        rows.append(f"case_{i:02d},{i}")
    (folder / "table.csv").write_text("\n".join(rows) + "\n")
    path = folder / "study.toml"
    path.write_text(
        'name = "runs"\n[runs]\nfolder = "runs"\npattern = "case_*.csv"\n[parameters]\ntable = "table.csv"\n'
        "[parameters.columns]\na = {}\n[fields]\nT = {}\n"
    )
    return Study.load(path)


def command(*words: str) -> None:
    app(list(words), exit_on_error=False, print_error=False, result_action="return_value")


def test_a_second_folder_does_not_get_into_the_store_of_the_first(tmp_path: Path) -> None:
    first, second = study_of(tmp_path / "a", range(1, 11)), study_of(tmp_path / "bb", range(6, 16))
    assert len(read_runs(first).accepted) == 10
    before = {record.name: record.content for record in SnapshotStore(first.store_path).accepted()}
    for use in (second.check, lambda: read_runs(second), lambda: command("status", str(second.path))):
        with pytest.raises(FieldwrightError, match="Give this study another 'name'"):
            use()
    assert {record.name: record.content for record in SnapshotStore(first.store_path).accepted()} == before
    first.check()
    assert read_runs(first).unchanged == list(before)


def test_runs_are_withdrawn_by_name_or_because_their_files_are_gone(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    study = study_of(tmp_path / "a", range(1, 9))
    with pytest.raises(FieldwrightError, match="Run the study first"):
        command("withdraw", str(study.path), "case_01")
    read_runs(study)
    with pytest.raises(FieldwrightError, match="--removed"):
        command("withdraw", str(study.path))
    (tmp_path / "a" / "runs" / "case_03.csv").unlink()
    command("withdraw", str(study.path), "case_01", "--removed", "--why", "wrong material")
    said = capsys.readouterr().out
    assert "Withdrew case_01" in said
    assert "Withdrew case_03" in said
    assert "the next `fieldwright run` reads what is there again" in said
    store = SnapshotStore(study.store_path)
    assert [record.name for record in store.accepted()] == [f"case_{i:02d}" for i in (2, 4, 5, 6, 7, 8)]
    command("status", str(study.path))
    assert "case_03: Withdrawn on" in capsys.readouterr().out
    assert read_runs(study).accepted == ["case_01"], "its file is there, that of case_03 is not"


def test_each_folder_gets_a_name_that_no_other_study_of_this_home_has(
    make_study: Callable[..., Path], tmp_path: Path
) -> None:
    """`runs` says nothing: the name is that of the project round it."""
    for project in ("beam", "plate"):
        study_of(tmp_path / project, range(1, 4))
        target = tmp_path / f"{project}.toml"
        command("new", str(tmp_path / project / "runs"), "--study", str(target))
        assert Study.load(target).name == project
    one = Study.load(tmp_path / "beam.toml")
    read_runs(one)
    study_of(tmp_path / "other" / "beam", range(1, 4))
    target = tmp_path / "third.toml"
    command("new", str(tmp_path / "other" / "beam" / "runs"), "--study", str(target))
    assert Study.load(target).name == "other_beam"
    command("new", str(tmp_path / "beam" / "runs"), "--study", str(tmp_path / "again.toml"))
    assert Study.load(tmp_path / "again.toml").name == "beam", "the same folder is the same study"
