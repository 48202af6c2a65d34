"""A study whose fields stay on the disk comes to the numbers of one that holds them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from fieldwright.data.errors import ModelError, StudyError
from fieldwright.data.store.field_values import FieldValues, MatrixValues, SelectedRuns, field_values
from fieldwright.data.store.frozen_matrix import freeze
from fieldwright.data.store.snapshot_store import SnapshotStore
from fieldwright.flows.runs import frozen_fields
from fieldwright.flows.runs.figures.reduction_figures import leading_modes
from fieldwright.flows.runs.holdout import RunsSplit, split_runs
from fieldwright.flows.runs.inputs import read_runs
from fieldwright.flows.runs.learning import cross_validated, train_on_all, views_of
from fieldwright.flows.runs.reduction import projection_errors, reduce_fields
from fieldwright.flows.study.compute_section import LEAST_MEMORY, MACHINE_MEMORY, bytes_of
from fieldwright.flows.study.runs_study import Study
from fieldwright.surrogates.fields.coordinates import coordinates, training_views
from fieldwright.surrogates.fields.coordinates.training_views import training_views_of
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.reductions.svd import SVDReduction
from fieldwright.surrogates.validation.holdout import HoldoutResult


def _split(study: Study) -> RunsSplit:
    store = SnapshotStore(study.store_path)
    return split_runs(study, store, [record.name for record in store.accepted()])


def test_frozen_fields_give_the_numbers_of_fields_in_memory(
    make_study: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    study = Study.load(make_study(24, "test_size = 5"))
    read_runs(study)
    in_memory = _split(study)
    monkeypatch.setattr(frozen_fields, "SHARE", 10**12)
    frozen = _split(study)
    assert frozen.train.runs == in_memory.train.runs
    for name, values in in_memory.train.values.items():
        on_disk: FieldValues = frozen.train.values[name]
        assert isinstance(on_disk, SelectedRuns)
        assert (on_disk.shape, on_disk.dtype) == (values.shape, values.dtype)
        np.testing.assert_array_equal(on_disk[:], values)
        np.testing.assert_array_equal(on_disk[3], values[3])
    scores, models = [], []
    for part in (in_memory, frozen):
        views = views_of(study, part.train)
        assert all(one.trajectories.in_coordinates for one in views.values())
        evaluation, validation = cross_validated(study, "bayes", study.candidates[0], part.train, views)
        models.append(train_on_all(study, study.candidates[0], part.train, views, validation))
        scores.append(evaluation.score)
    assert scores[1] == pytest.approx(scores[0], rel=1e-6)
    assert in_memory.test is not None
    assert frozen.test is not None
    results = [
        HoldoutResult.evaluate(model, part.test.x, part.test.values).summary()
        for model, part in zip(models, (in_memory, frozen), strict=True)
        if part.test is not None
    ]
    assert results[1] == pytest.approx(results[0], rel=1e-5)


def test_whole_runs_are_read_in_any_order(make_study: Callable[..., Path]) -> None:
    study = Study.load(make_study(90))
    read_runs(study)
    store = SnapshotStore(study.store_path)
    for name in study.fields:
        matrix = freeze(store, name)
        assert matrix.chunks[0] < 90, "the runs lie in several chunks"
        for times in (None, 3):
            values = MatrixValues(matrix, times, 1)
            expected = matrix[:, :].reshape(values.shape)
            for rows in (
                slice(None),
                slice(5, 9),
                np.array([28, 3, 3, 22]),
                np.array([], dtype=np.int64),
                7,
                np.arange(len(values)) % 2 == 0,
            ):
                np.testing.assert_array_equal(values[rows], expected[rows])


@pytest.mark.parametrize(
    ("reduction", "says"),
    [
        ({"kind": "kernel_pca", "rank": 2}, "whose reduction is not linear is held in memory"),
        ({"kind": "svd"}, "of more than 10 snapshots, or of fewer values"),
    ],
)
def test_frozen_fields_that_must_be_held_are_refused_where_memory_is_short(
    reduction: dict[str, object], says: str, make_study: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frozen_fields, "SHARE", 10**12)
    for module in (coordinates, training_views):
        monkeypatch.setattr(module, "MOST_ROWS", 10)
    study = Study.load(make_study(12))
    read_runs(study)
    runs = _split(study).train
    assert all(isinstance(one, MatrixValues) for one in runs.values.values())
    reductions = {name: reduction_config(reduction) for name in study.fields}
    views_within = partial(
        training_views_of, runs.x, runs.values, runs.weights, reductions, {"trajectory"}, None
    )
    with pytest.raises(ModelError, match=says):
        views_within(memory=1000)
    for name, view in views_within().items():
        np.testing.assert_array_equal(view.trajectories.values, runs.values[name][:])


def test_modes_of_the_figures_are_those_of_a_reduction_of_the_runs(make_study: Callable[..., Path]) -> None:
    study = Study.load(make_study(12))
    read_runs(study)
    runs = _split(study).train
    views = views_of(study, runs)
    reductions = reduce_fields(study, views)
    errors = projection_errors(runs.x, views, reductions, study.seed)
    for name, reduction in reductions.items():
        assert isinstance(reduction, SVDReduction)
        rows = runs.values[name].reshape(len(runs.runs), -1)
        weights = runs.weights[name] / runs.weights[name].mean()
        expected = SVDReduction(reduction.config.model_copy(update={"method": None})).fit(
            rows, np.repeat(weights, runs.values[name].shape[-1])
        )
        modes = leading_modes(reduction, views[name].trajectories, field_values(runs.values[name]))
        k = min(2, len(modes))
        np.testing.assert_allclose(reduction.singular_values_[:k], expected.singular_values_[:k], rtol=1e-6)
        first = modes[:k].reshape(k, -1)
        signs = np.sign(np.sum(first * expected.basis_[:k], axis=1, keepdims=True))
        np.testing.assert_allclose(signs * first, expected.basis_[:k], atol=1e-5 * np.abs(first).max())
        assert errors[name][0] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("text", "size"), [("2 GB", 2 * 10**9), ("1.5GiB", 3 * 2**29), ("600 mb", 6 * 10**8), ("1 TB", 10**12)]
)
def test_memory_has_units(text: str, size: int) -> None:
    assert bytes_of(text) == size


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2", "must be a number and one of"),
        ("-2 GB", "must be a number and one of"),
        ("2 gigs", "must be a number and one of"),
        ("100 MB", "at least 512 MB"),
    ],
)
def test_a_wrong_memory_is_one_sentence(text: str, says: str, make_study: Callable[..., Path]) -> None:
    with pytest.raises(StudyError, match=says):
        Study.load(make_study(2, f'[compute]\nmemory = "{text}"'))


def test_the_memory_is_a_quarter_of_the_machine_s_where_none_is_given(
    make_study: Callable[..., Path],
) -> None:
    path = make_study(2)
    assert Study.load(path).compute.memory_bytes == MACHINE_MEMORY // 4
    path.write_text(path.read_text() + '\n[compute]\nmemory = "512 MB"\n')
    assert Study.load(path).compute.memory_bytes == LEAST_MEMORY
