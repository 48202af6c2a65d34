"""The candidate that is made of the best one for each field: when it is made, of what, and that it is registered."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import cast

import meshio
import numpy as np
import pytest
from rich.console import Console

from fieldwright.data.errors import ModelError
from fieldwright.flows.commands.learning_curve import study_learning_curves
from fieldwright.flows.commands.report_tables import print_report
from fieldwright.flows.report import RunsEvaluation
from fieldwright.flows.resumption.validated_candidate import Validated
from fieldwright.flows.runs.per_field import best_of_fields, per_field_candidate
from fieldwright.flows.runs.steps import RunsDataset, RunsSteps
from fieldwright.flows.steps import Trained
from fieldwright.flows.study.loading import load_study
from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.workflow import run_study
from fieldwright.surrogates.fields.coordinates.whole_emulator import whole_emulator
from fieldwright.surrogates.fields.description import FieldInfo, ParameterInfo
from fieldwright.surrogates.fields.per_field import PER_FIELD, PerField, fields_by_config
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.regressors import kind_config
from fieldwright.surrogates.validation.cross_validation import CrossValidation, cross_validate
from fieldwright.surrogates.validation.joined import joined_validation

METRIC = "relative_l2"
RUNS = 24
PLACES = np.linspace(0.0, 1.0, 7)
LINEAR, RBF = kind_config({"kind": "linear"}), kind_config({"kind": "rbf", "smoothing": "none"})
"""Radial basis functions that go through every run: they follow noise, which a straight line does not."""
REDUCTIONS = {name: reduction_config({"kind": "svd", "rank": 1}) for name in ("force", "wave")}


def parameters() -> np.ndarray:
    return np.random.default_rng(11).uniform(1.0, 3.0, (RUNS, 2))


def fields(x: np.ndarray) -> dict[str, np.ndarray]:
    """force is linear in the parameters, with noise of 5 % from run to run; wave is far from linear, without."""
    noise = 0.2 * np.random.default_rng(5).standard_normal(len(x))
    force = x[:, 0] + 0.5 * x[:, 1] + 2.0 + noise
    wave = 3.0 + np.sin(2.0 * x[:, 0]) + np.cos(2.0 * x[:, 1])
    shape = 1.0 + PLACES
    return {"force": (force[:, None] * shape)[..., None], "wave": (wave[:, None] * shape**2)[..., None]}


@pytest.fixture(scope="module")
def evaluated() -> dict[str, Validated]:
    x = parameters()
    return {
        label: Validated(config, cross_validate(config, REDUCTIONS, x, fields(x), folds=6, seed=0))
        for label, config in (("linear", LINEAR), ("rbf", RBF))
    }


def test_each_field_goes_to_the_candidate_that_predicts_it_best(evaluated: dict[str, Validated]) -> None:
    means = {
        label: {name: one.validation.errors[name][METRIC].mean() for name in REDUCTIONS}
        for label, one in evaluated.items()
    }
    assert means["linear"]["force"] < means["rbf"]["force"]
    assert means["rbf"]["wave"] < means["linear"]["wave"]
    for best in evaluated:
        joined = per_field_candidate(evaluated, best, METRIC)
        assert joined is not None
        assert isinstance(joined.config, PerField)
        assert joined.config.labels == {"force": "linear", "wave": "rbf"}
        for name, label in joined.config.labels.items():
            own = evaluated[label].validation
            for metric in own.errors[name]:
                np.testing.assert_array_equal(
                    joined.validation.errors[name][metric], own.errors[name][metric]
                )
            np.testing.assert_array_equal(joined.validation.mean[name], own.mean[name])
            np.testing.assert_array_equal(joined.validation.std[name], own.std[name])
            for key, values in own.quantities.items():
                if key.field == name:
                    np.testing.assert_array_equal(joined.validation.quantities[key].mean, values.mean)


def test_one_model_has_each_field_as_its_own_candidate_learns_it(
    evaluated: dict[str, Validated], tmp_path: Path
) -> None:
    joined = per_field_candidate(evaluated, "rbf", METRIC)
    assert joined is not None
    x = parameters()

    def trained(names: list[str], one: Validated) -> Surrogate:
        targets = {name: fields(x)[name] for name in names}
        return Surrogate.train(
            one.config,
            {name: REDUCTIONS[name] for name in names},
            x,
            targets,
            parameters=[ParameterInfo(name="a"), ParameterInfo(name="b")],
            fields=[FieldInfo(name=name, n_points=len(PLACES)) for name in names],
            points=dict.fromkeys(names, np.stack([PLACES, 0.0 * PLACES, 0.0 * PLACES], axis=1)),
            cross_validation=joined_validation(dict.fromkeys(names, one.validation)),
            seed=0,
            name="beam",
        )

    whole = trained(["force", "wave"], joined)
    assert "'force' by linear, 'wave' by rbf" in whole.description.notes[0]
    queries = parameters()[::3] + 0.01
    answer = whole.predict(queries)
    for name, label in (("force", "linear"), ("wave", "rbf")):
        alone = trained([name], evaluated[label]).predict(queries).fields[name]
        for part in ("mean", "std", "lower", "upper"):
            np.testing.assert_array_equal(
                getattr(answer.fields[name], part), getattr(alone, part), err_msg=name
            )
    whole.save(tmp_path / "model")
    again = Surrogate.load(tmp_path / "model")
    assert [one.kind for one, _ in fields_by_config(joined.config, REDUCTIONS)] == ["linear", "rbf"]
    for name, band in again.predict(queries).fields.items():
        np.testing.assert_array_equal(band.upper, answer.fields[name].upper)


def scored(errors: np.ndarray, other: np.ndarray) -> CrossValidation:
    """A cross-validation of two fields of which only the errors are known."""
    n = np.arange(len(errors))
    of_fields = {"u": {METRIC: errors}, "v": {METRIC: other}}
    return CrossValidation({}, of_fields, {}, {}, {}, n, n, 0.0, 0.0)


def test_chance_alone_makes_no_difference_in_nineteen_of_twenty_studies() -> None:
    rng, joined = np.random.default_rng(0), 0
    for _ in range(60):
        hardness = np.exp(rng.standard_normal(12))
        validations = {
            label: scored(*(hardness * np.exp(0.3 * rng.standard_normal((2, 12)))))
            for label in ("bayes", "gp", "rbf")
        }
        best = min(
            validations,
            key=lambda label: np.mean([one[METRIC] for one in validations[label].errors.values()]),
        )
        joined += set(best_of_fields(validations, best, METRIC).values()) != {best}
    # Binomial with 60 trials of 5 %: more than 7 have a chance of 1 %.
    assert joined <= 7
    equal = np.ones(12)
    assert set(
        best_of_fields({"a": scored(equal, equal), "b": scored(equal, equal)}, "a", METRIC).values()
    ) == {"a"}


@pytest.mark.parametrize(("size", "label"), [(1e-3, "b"), (1e-6, "b"), (1e-12, "a")])
def test_of_exact_candidates_none_is_better_by_digits_of_rounding(size: float, label: str) -> None:
    errors = size * (1.0 + np.random.default_rng(0).random(40))
    validations = {"a": scored(errors, np.ones(40)), "b": scored(0.1 * errors, np.ones(40))}
    assert best_of_fields(validations, "a", METRIC) == {"u": label, "v": "a"}


def test_runs_of_equal_parameters_count_once() -> None:
    repeated = np.repeat([0.1, 0.2, 0.3, 0.4], 20)
    better, worse = scored(1.0 - repeated, np.ones(80)), scored(np.ones(80), np.ones(80) - 0.001)
    assert best_of_fields({"a": worse, "b": better}, "a", METRIC)["u"] == "b"
    place = np.repeat(np.arange(4), 20)
    once = {
        label: CrossValidation({}, one.errors, {}, {}, {}, place, place, 0.0, 0.0)
        for label, one in (("a", worse), ("b", better))
    }
    assert best_of_fields(once, "a", METRIC)["u"] == "a"


def test_forecasts_and_other_folds_are_refused() -> None:
    x = parameters()
    both = PerField(labels={"force": "linear", "wave": "rbf"}, fields={"force": LINEAR, "wave": RBF})
    with pytest.raises(ModelError, match="must be learned by one candidate"):
        whole_emulator(both, REDUCTIONS, x, fields(x), {}, {}, 0, history=2)
    one, other = scored(np.ones(4), np.ones(4)), scored(np.ones(5), np.ones(5))
    with pytest.raises(ModelError, match="same folds"):
        joined_validation({"u": one, "v": other})


def write_runs(path: Path) -> None:
    """The runs of `fields` in place of those of the study at path."""
    x = parameters()
    rows = ["run,load,modulus"]
    for number, (load, modulus) in enumerate(x, start=1):
        rows.append(f"run_{number:04d},{float(load)!r},{float(modulus)!r}")
    (path.parent / "runs" / "parameters.csv").write_text("\n".join(rows) + "\n")
    points = np.stack([PLACES, 0.0 * PLACES, 0.0 * PLACES], axis=1)
    cells = {"line": np.stack([np.arange(6), np.arange(1, 7)], axis=1)}
    values = fields(x)
    for i in range(RUNS):
        data = {"stress": values["force"][i, :, 0], "displacement": values["wave"][i, :, 0]}
        meshio.Mesh(points, cells, point_data=data).write(
            path.parent / "runs" / f"run_{i + 1:04d}" / "result.vtu"
        )
    text = (
        path.read_text().replace("energy = 0.999999", "rank = 1").replace('kind = "bayes"', 'kind = "linear"')
    )
    path.write_text(text.replace('kind = "gp"', 'kind = "rbf"\nsmoothing = "none"'))


class Interruption(BaseException):
    """As if the process had been ended."""


@pytest.mark.slow
def test_it_wins_goes_on_after_an_interruption_and_is_registered(
    make_study: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_study(RUNS)
    write_runs(path)

    def interrupt(*_: object) -> None:
        raise Interruption

    with monkeypatch.context() as patch:
        patch.setattr(RunsSteps, "finish", interrupt)
        with pytest.raises(Interruption):
            run_study(str(path))
    report = run_study(str(path))
    assert report.best == PER_FIELD
    by_label = {one.candidate: one for one in report.evaluations}
    assert list(by_label) == ["linear", "rbf", PER_FIELD]
    assert by_label[PER_FIELD].of_fields == {"stress": "linear", "displacement": "rbf"}
    for name, label in by_label[PER_FIELD].of_fields.items():
        assert by_label[PER_FIELD].relative_l2[name] == by_label[label].relative_l2[name]
    assert by_label[PER_FIELD].score < min(by_label["linear"].score, by_label["rbf"].score)
    out = io.StringIO()
    print_report(Console(file=out, width=200), report)
    assert "per field (stress: linear, displacement: rbf)" in out.getvalue()

    study = load_study(path)
    tracking = Tracking.of(study)
    runs = tracking.client.search_runs([tracking.experiment_id()], "tags.candidate = 'per field'")
    (candidate,) = (run for run in runs if run.data.tags["role"] == "candidate")
    assert candidate.data.params["per field.labels.displacement"] == "rbf"
    assert not any(".hints." in name for name in candidate.data.params)
    champion = tracking.registry.champion()
    assert champion is not None
    model = Surrogate.load(tracking.registry.download(champion, tmp_path / "download"))
    assert [branch.fields for branch in model.emulator.branches] == [("stress",), ("displacement",)]
    card = tracking.client.get_model_version("beam", champion.version).description or ""
    assert "'stress' by linear, 'displacement' by rbf" in card

    # Its learning curve is that of each field's own candidate.
    label, curves = study_learning_curves(study, None, 2)
    assert label == PER_FIELD
    linear = study_learning_curves(study, "linear", 2)[1]
    np.testing.assert_allclose(curves["stress"].errors, linear["stress"].errors, rtol=1e-6)
    assert curves["displacement"].errors[-1].mean() < 0.5 * linear["displacement"].errors[-1].mean()


def test_a_study_switches_it_off(make_study: Callable[..., Path], evaluated: dict[str, Validated]) -> None:
    path = make_study(8)
    trained = {}
    for label, one in evaluated.items():
        validation = one.validation
        evaluation = RunsEvaluation.of(label, METRIC, validation.errors, validation.mean_errors, 0.0)
        trained[label] = Trained(evaluation, {}, one)
    text = path.read_text()
    forecast = "[time]\nhistory = 2\nhorizon = 2\n"
    for study, labels in (
        (text, [PER_FIELD]),
        (text.replace("folds = 4", "folds = 4\nper_field = false"), []),
        (text.replace("[validation]", f"{forecast}[validation]"), []),
    ):
        path.write_text(study)
        loaded = load_study(path)
        assert isinstance(loaded, Study)
        steps = RunsSteps(loaded, Tracking.of(loaded))
        assert list(steps.joined(trained, cast(RunsDataset, None))) == labels
