"""A study whose runs, folds and trials go to a cluster: the numbers of one process, to the bit, whatever happens."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fieldwright.data.environment import home
from fieldwright.data.errors import ComputeError, StudyError
from fieldwright.data.store import frozen_matrix
from fieldwright.data.store.field_values import MatrixValues
from fieldwright.data.store.frozen_matrix import MATRICES
from fieldwright.data.store.snapshot_store import SnapshotStore
from fieldwright.flows.runs import frozen_fields
from fieldwright.flows.runs.executors import study_executor
from fieldwright.flows.runs.holdout import split_runs
from fieldwright.flows.runs.inputs import read_runs
from fieldwright.flows.runs.learning import cross_validated, train_on_all, views_of
from fieldwright.flows.runs.search import Search
from fieldwright.flows.runs.targets import Targets, targets_from
from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.workflow import run_study
from fieldwright.surrogates.fields.coordinates import coordinates, whole_emulator
from fieldwright.surrogates.validation import out_of_fold
from tests.dask_cluster import DaskProcesses, Killer

SEARCH = '[search]\nkinds = ["linear", "pce"]\ntrials = 3\nfolds = 3\nrepeats = 1\n'


def _content(study: Study) -> dict[str, str | None]:
    return {record.name: record.content for record in SnapshotStore(study.store_path).accepted()}


def _targets(study: Study) -> Targets:
    store = SnapshotStore(study.store_path)
    snapshots = store.snapshots(None, list(study.fields))
    return targets_from(study, snapshots, store.mesh(snapshots.attrs["mesh"]))


def _with_compute(path: Path, dask: str) -> Study:
    text = path.read_text()
    other = path.with_name("on_cluster.toml")
    other.write_text(
        text.replace('name = "beam"', 'name = "beam-on-cluster"') + f'\n[compute]\ndask = "{dask}"\n'
    )
    return Study.load(other)


@pytest.mark.slow
def test_a_worker_killed_in_each_step_changes_no_number(
    make_study: Callable[..., Path], tmp_path: Path
) -> None:
    path = make_study(40, SEARCH)
    alone = Study.load(path)
    read_runs(alone)
    with DaskProcesses(tmp_path / "dask", workers=2) as processes:
        spread = _with_compute(path, processes.address)

        with study_executor(spread) as executor:
            killer = Killer(processes)
            with killer:
                report = read_runs(spread, executor)
            assert len(report.accepted) == 40
            assert _content(spread) == _content(alone)
            targets = _targets(alone)
            with killer:
                views = views_of(spread, targets, executor)
            for name, expected_view in views_of(alone, targets).items():
                np.testing.assert_array_equal(
                    views[name].trajectories.values, expected_view.trajectories.values
                )
            for label, candidate in [
                ("gp", alone.candidates[1]),
                ("auto", Search.of(alone, targets, views).in_fold()),
            ]:
                with killer:
                    there, of_cluster = cross_validated(spread, label, candidate, targets, views, executor)
                here, of_process = cross_validated(alone, label, candidate, targets, views)
                assert there.score == here.score
                assert of_cluster.configs == of_process.configs
                for name in targets.values:
                    np.testing.assert_array_equal(of_cluster.mean[name], of_process.mean[name])
                    np.testing.assert_array_equal(of_cluster.std[name], of_process.std[name])
            with killer:
                found = Search.of(spread, targets, views).over_all(lambda trial: None, executor)
            expected = Search.of(alone, targets, views).over_all(lambda trial: None, study_executor(alone))
            for one, two in zip(found.trials, expected.trials, strict=True):
                assert one.config == two.config
                np.testing.assert_array_equal(one.errors, two.errors)
        assert killer.killed >= 3, "workers were killed while nothing was being done"
    assert not any((home() / "shared").iterdir())


@pytest.mark.slow
def test_frozen_fields_are_read_by_the_workers_and_give_the_numbers_of_one_process(
    make_study: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frozen_fields, "SHARE", 10**12)
    for module in (coordinates, out_of_fold, whole_emulator):
        monkeypatch.setattr(module, "BLOCK", 80)
    # A chunk holds a few rows alone, so that several pieces of work write a matrix.
    monkeypatch.setattr(frozen_matrix, "_ROWS", 4)
    path = make_study(14)
    alone = Study.load(path)
    read_runs(alone)
    store = SnapshotStore(alone.store_path)
    names = [record.name for record in store.accepted()]
    results, chunks = [], []
    with DaskProcesses(tmp_path / "dask", workers=2) as processes:
        spread = _with_compute(path, processes.address)
        for study in (alone, spread):
            with study_executor(study) as executor:
                shutil.rmtree(store.path / MATRICES, ignore_errors=True)
                runs = split_runs(study, store, names, executor).train
                assert all(isinstance(values, MatrixValues) for values in runs.values.values())
                files = sorted((store.path / MATRICES).rglob("snapshots/c.*"))
                chunks.append({file.relative_to(store.path): file.read_bytes() for file in files})
                views = views_of(study, runs, executor)
                candidate = study.candidates[0]
                evaluation, validation = cross_validated(study, "first", candidate, runs, views, executor)
                surrogate = train_on_all(study, candidate, runs, views, validation, executor)
                results.append((views, evaluation, validation, surrogate))
    (views, evaluation, validation, here), (views_there, evaluation_there, validation_there, there) = results
    assert len(chunks[0]) > 2 * len(alone.fields)
    assert chunks[1] == chunks[0]
    assert evaluation_there.score == evaluation.score
    for name in runs.values:
        assert len(validation.fields[name].ranges) > 1, "the points make several blocks"
        np.testing.assert_array_equal(views_there[name].trajectories.values, views[name].trajectories.values)
        np.testing.assert_array_equal(validation_there.mean[name], validation.mean[name])
        np.testing.assert_array_equal(validation_there.std[name], validation.std[name])
        band, band_there = (one.predict(runs.x, [name]).fields[name] for one in (here, there))
        np.testing.assert_array_equal(band_there.mean, band.mean)
        np.testing.assert_array_equal(band_there.upper, band.upper)


@pytest.mark.slow
def test_a_pipeline_on_a_cluster_comes_to_the_champion_of_one_process(
    make_study: Callable[..., Path], tmp_path: Path
) -> None:
    path = make_study(24)
    alone = run_study(str(path))
    with DaskProcesses(tmp_path / "dask") as processes:
        spread = run_study(str(_with_compute(path, processes.address).path))
    assert spread.best == alone.best
    assert [one.score for one in spread.evaluations] == [one.score for one in alone.evaluations]
    one, two = sorted(home().rglob("arrays.safetensors"))
    assert one.read_bytes() == two.read_bytes()


def test_a_cluster_that_is_not_there_is_one_sentence_and_nothing_is_learned(
    make_study: Callable[..., Path],
) -> None:
    path = _with_compute(make_study(8), "tcp://127.0.0.1:9").path
    with pytest.raises(ComputeError, match="The Dask scheduler must answer within 10 s"):
        run_study(str(path))


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ('[compute]\ndask = "host:8786"', 'must be the address of a Dask scheduler, "tcp://host:8786"'),
        ('[compute]\ndask = "local:2"\ntls_ca = "ca.pem"', "need an address 'tls://...'"),
        ("[compute]\nworkers = 2", "workers"),
        ("[search]\nworkers = 2", "must be called by its new name, 'compute.dask'"),
    ],
)
def test_a_wrong_table_is_one_sentence(more: str, says: str, make_study: Callable[..., Path]) -> None:
    with pytest.raises(StudyError, match=says):
        Study.load(make_study(2, more))
