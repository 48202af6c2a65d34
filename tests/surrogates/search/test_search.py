"""The search for the best candidate, on fields whose best kind is known."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.special import digamma

from fieldwright.data.computing.cluster import Cluster
from fieldwright.data.computing.connection import WorkersAddress
from fieldwright.data.errors import ModelError, StudyError
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.regressors import kind_config
from fieldwright.surrogates.search.latent_fold import AffineEvaluator, DecodingEvaluator, LatentFold
from fieldwright.surrogates.search.outlook import gain_of_doubling
from fieldwright.surrogates.search.selection import FoldSearch, Runs, select, stack_of, worth
from fieldwright.surrogates.search.settings import SearchSettings
from fieldwright.surrogates.search.trial import Trial, hopeless, is_behind
from fieldwright.surrogates.search.trial_evaluation import FoldResult
from fieldwright.surrogates.search.trials import Trials, halved_after
from fieldwright.surrogates.validation.cross_validation import assign_folds, cross_validate

SVD = reduction_config({"kind": "svd", "rank": 4})
PLACE = np.linspace(0.0, 1.0, 30)


def runs_of(n: int = 40, metric: str = "fluctuation_l2", seed: int = 0) -> Runs:
    """Fields that are cubic in two parameters: the sparse polynomial holds them exactly, a plane does not."""
    x = np.random.default_rng(seed).uniform(-1.0, 1.0, (n, 2))
    a, b = x[:, :1], x[:, 1:]
    fields = np.sin(3.0 * PLACE) * (1.0 + a**3) + np.cos(5.0 * PLACE) * a * b + PLACE * b**2
    return Runs(x, {"u": fields[:, :, None]}, {"u": SVD}, metric, {})


@pytest.mark.parametrize("metric", ["fluctuation_l2", "relative_l2"])
@pytest.mark.parametrize("logarithmic", [False, True])
def test_judging_without_the_fields_gives_the_errors_of_the_cross_validation(metric, logarithmic):
    runs = runs_of(30, metric)
    if logarithmic:
        runs = Runs(runs.x, {"u": np.exp(4.0 * runs.targets["u"])}, runs.reductions, metric, {})
    config = kind_config({"kind": "linear"})
    whole = cross_validate(config, runs.reductions, runs.x, runs.targets, folds=3, seed=5)
    for part in runs.folds([config], 3, 5):
        (judge,) = next(iter(part.evaluators.values())).values()
        assert isinstance(judge, DecodingEvaluator if logarithmic else AffineEvaluator)
        np.testing.assert_allclose(
            part.errors(config, 5), whole.errors["u"][metric][part.held_out], rtol=1e-6
        )


def test_a_scaled_field_is_judged_in_its_own_unit():
    rng = np.random.default_rng(2)
    x = rng.uniform(1.0, 10.0, (40, 2))
    fields = (x[:, :1] ** 2 / x[:, 1:] * (1.0 + 0.1 * np.sin(PLACE * x[:, :1])))[:, :, None]
    runs = Runs(x, {"u": fields}, {"u": SVD}, "relative_l2", {})
    config = kind_config({"kind": "linear"})
    whole = cross_validate(config, runs.reductions, x, runs.targets, folds=4, seed=1)
    for part in runs.folds([config], 4, 1):
        expected = whole.errors["u"]["relative_l2"][part.held_out]
        np.testing.assert_allclose(part.errors(config, 1), expected, rtol=1e-6)


def test_the_kind_that_holds_the_function_is_found_and_the_others_given_up():
    settings = SearchSettings(kinds=("linear", "pce", "rbf"), trials=6)
    found = select(runs_of(), settings, folds=5, seed=0, seconds=60.0)
    assert found.best.config.kind == "pce"  # pyright: ignore[reportAttributeAccessIssue]
    assert found.best.score < 1e-8
    assert not found.spent
    assert found.second is None or found.second.config.kind != "pce"  # pyright: ignore[reportAttributeAccessIssue]
    states = {trial.config.kind: trial.state for trial in found.trials}  # pyright: ignore[reportAttributeAccessIssue]
    assert states["linear"] == "complete", "the first generation knows no best trial yet"


@pytest.mark.parametrize("method", ["tpe", "random", "grid", "cmaes"])
def test_equal_seeds_search_alike(method):
    settings = SearchSettings(kinds=("pce", "rbf"), trials=8, method=method)
    one, two = (select(runs_of(), settings, folds=3, seed=4, seconds=120.0) for _ in range(2))
    assert [trial.config for trial in one.trials] == [trial.config for trial in two.trials]
    for a, b in zip(one.trials, two.trials, strict=True):
        np.testing.assert_array_equal(a.errors, b.errors)
    assert len({trial.config.model_dump_json() for trial in one.trials}) == len(one.trials)


def test_workers_find_what_one_process_finds(tmp_path):
    runs, settings = runs_of(), SearchSettings(kinds=("linear", "pce"), trials=5, repeats=1)
    one = select(runs, settings, folds=3, seed=4, seconds=120.0)
    with Cluster(WorkersAddress.of("local:2"), tmp_path) as executor:
        two = select(runs, settings, folds=3, seed=4, seconds=120.0, executor=executor)
        gain = worth(two, runs, settings, folds=3, seed=4, executor=executor)
    assert [trial.config for trial in one.trials] == [trial.config for trial in two.trials]
    for a, b in zip(one.trials, two.trials, strict=True):
        np.testing.assert_array_equal(a.errors, b.errors)
    alone = worth(one, runs, settings, folds=3, seed=4)
    assert gain is not None
    assert alone is not None
    np.testing.assert_array_equal((gain.best, gain.second), (alone.best, alone.second))


def test_the_time_budget_ends_the_search():
    # A search among few settings would end for want of others; the decay of 'mlp' has as many as there are numbers.
    settings = SearchSettings(kinds=("linear", "mlp"), trials=500)
    found = select(runs_of(), settings, folds=3, seed=0, seconds=1.5)
    assert found.spent
    assert len(found.trials) < 500
    assert found.best.state == "complete"


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("shape", ["cubic", "step", "noise", "ridge"])
def test_the_choice_is_never_worse_than_the_best_default_however_short_the_time(shape, seed):
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1.0, 1.0, (32, 2))
    a, b = x[:, :1], x[:, 1:]
    values = {
        "cubic": np.sin(3.0 * PLACE) * (1.0 + a**3) + PLACE * a * b,
        "step": np.tanh(20.0 * (PLACE - 0.5 - 0.3 * a)) + b,
        "noise": PLACE + a * np.cos(5.0 * PLACE) + 0.1 * rng.standard_normal((32, 30)),
        "ridge": np.exp(-((a + b - PLACE) ** 2)),
    }[shape]
    runs = Runs(x, {"u": values[:, :, None]}, {"u": SVD}, "fluctuation_l2", {})
    found = select(runs, SearchSettings(), folds=3, seed=seed, seconds=1e-3)
    assert found.spent
    assert found.untried == ("gp", "mlp")
    assert found.outlook.gain is None
    cheap = ("bayes", "linear", "pce", "rbf")
    defaults = [kind_config({"kind": kind}) for kind in cheap]
    folds = runs.folds(defaults, 3, seed)
    scores = [np.concatenate([part.errors(one, seed) for part in folds]).mean() for one in defaults]
    assert found.best.score == pytest.approx(min(scores), rel=1e-9)
    assert [trial.state for trial in found.trials] == ["complete"] * len(cheap)


def test_beside_a_steady_field_no_kind_is_rolled_out():
    """A transient field alone may be rolled out; with a number of each run beside it, other kinds are searched."""
    rng = np.random.default_rng(2)
    x = rng.uniform(0.5, 1.5, (24, 1))
    times = np.linspace(0.0, 6.0, 31)
    swing = np.stack([np.cos(x * times), np.sin(x * times)], axis=-1)[:, :, :, None]
    one = reduction_config({"kind": "svd", "rank": 1})
    alone = Runs(x, {"swing": swing}, {"swing": SVD}, "relative_l2", {})
    beside = Runs(
        x, {"swing": swing, "number": x[:, :, None]}, {"swing": SVD, "number": one}, "relative_l2", {}
    )
    assert alone.times == 31
    assert beside.times is None
    found = select(beside, SearchSettings(stack=False, trials=6), folds=3, seed=0, seconds=1e-3)
    assert found.best.state == "complete"
    assert {trial.config.kind for trial in found.trials} == {"bayes", "linear", "pce", "rbf"}


def test_defaults_come_first_in_the_order_of_their_cost():
    settings = SearchSettings(kinds=("gp", "bayes", "linear", "rbf"), trials=12, stack=False)
    found = select(runs_of(32), settings, folds=3, seed=1, seconds=300.0)
    assert [trial.config.kind for trial in found.trials[:4]] == ["linear", "rbf", "bayes", "gp"]
    assert not any(trial.drawn for trial in found.trials[:4])
    assert all(trial.drawn for trial in found.trials[4:])
    assert found.untried == ()
    complete = [trial.score for trial in found.trials[:4] if trial.state == "complete"]
    assert found.best.score <= min(complete)


def test_a_stack_of_the_defaults_is_tried_before_time_goes_to_drawn_settings():
    runs = runs_of(40)
    noise = 0.05 * np.random.default_rng(3).standard_normal(runs.targets["u"].shape)
    runs = Runs(runs.x, {"u": runs.targets["u"] + noise}, runs.reductions, runs.metric, {})
    settings = SearchSettings(kinds=("rbf", "pce", "linear"), trials=5)
    trials = select(runs, settings, folds=3, seed=0, seconds=300.0).trials
    kinds = [trial.config.kind for trial in trials]
    assert kinds[3] == "stack"
    assert all(trial.drawn for trial in trials[4:] if trial.config.kind != "stack")
    # There is no time for a stack, whose members are trained once more for each of its folds.
    trials = select(runs, settings, folds=3, seed=0, seconds=1e-3).trials
    assert "stack" not in [trial.config.kind for trial in trials]


def test_a_generation_is_halved_and_kinds_far_behind_are_not_drawn():
    # On a cubic the polynomial is exact; the others are behind by many orders of magnitude.
    runs = runs_of(64)
    settings = SearchSettings(kinds=("rbf", "pce"), trials=10, stack=False)
    trials = select(runs, settings, folds=4, seed=0, seconds=300.0).trials
    assert {trial.config.kind for trial in trials if trial.drawn} == {"pce"}

    rows, errors = runs.held_out(4, 0), np.full(64, 0.5)
    calls = []

    def evaluator(fold, configs):
        calls.append((fold, len(configs)))
        # The larger the degree, the better: what goes on is known.
        return [FoldResult(errors[rows[fold]] / getattr(one, "max_degree", 1), 0.1) for one in configs]

    search = Trials(evaluator, rows, settings, ["pce"], {}, 0)
    drawn = search.evaluate([kind_config({"kind": "pce", "max_degree": k}) for k in range(1, 9)], drawn=True)
    assert calls == [(0, 8), (1, 4), (2, 2), (3, 2)]
    assert [trial.state for trial in drawn] == ["pruned"] * 6 + ["complete"] * 2
    assert search.best is not None
    for trial in drawn:
        assert trial.score_beside(search.best) == pytest.approx(0.5 / trial.config.max_degree)  # pyright: ignore[reportAttributeAccessIssue]


def test_halving_waits_for_eight_runs():
    def folds(n: int, size: int) -> list[np.ndarray]:
        return [np.arange(size)] * n

    assert halved_after(folds(4, 16)) == [1, 2]
    assert halved_after(folds(8, 8)) == [1, 2, 4]
    assert halved_after(folds(8, 3)) == [4]
    assert halved_after(folds(2, 3)) == []


def test_a_kind_is_behind_only_by_more_than_the_spread_over_the_runs():
    rng = np.random.default_rng(3)
    best = rng.lognormal(size=40)
    assert is_behind(3.0 * best * rng.lognormal(sigma=0.3, size=40), best)
    assert not is_behind(1.2 * best, best), "settings may save a fifth"
    assert not is_behind(3.0 * best * rng.lognormal(sigma=2.0, size=40), best)
    assert not is_behind(3.0 * best[:7], best[:7])


@pytest.mark.parametrize("power", [1.0, 2.0, 4.0])
def test_what_twice_the_trials_would_save_is_known_of_errors_like_a_power(power):
    # The logarithm of the least of m errors u^(1/k), u uniform, has a mean of -(psi(m + 1) - psi(1)) / k.
    rng = np.random.default_rng(0)
    m = 20
    draws = rng.uniform(size=(2000, m)) ** (1.0 / power)
    forecast = np.mean([np.log1p(-np.array(gain_of_doubling(scores, 1.0))) for scores in draws])
    assert forecast == pytest.approx(-(digamma(2 * m + 1) - digamma(m + 1)) / power, abs=0.05 / power)


def test_the_outlook_is_the_mean_over_all_halves():
    scores, start = np.random.default_rng(1).uniform(0.5, 1.0, 12), 0.9
    least = [min(start, *half) for half in itertools.combinations(scores, 6)]
    assert gain_of_doubling(scores, start) == pytest.approx(
        1.0 - np.exp(np.mean(np.log(scores.min() / np.array(least))))
    )
    assert gain_of_doubling(scores + 1.0, start) == pytest.approx(0.0, abs=1e-12)
    assert gain_of_doubling(scores[:11], start) is None


def test_a_trial_is_hopeless_only_beyond_doubt():
    rng = np.random.default_rng(0)
    best = rng.lognormal(size=20)
    assert hopeless(1.5 * best, best)
    assert not hopeless(0.5 * best, best)
    assert not hopeless(1.5 * best[:7], best[:7])
    wrong = sum(hopeless(rng.lognormal(size=20), rng.lognormal(size=20)) for _ in range(400))
    assert wrong < 0.08 * 400


def test_a_trial_that_cannot_be_trained_is_told_and_the_search_goes_on():
    settings = SearchSettings(kinds=("bayes", "linear"), trials=2, stack=False)
    runs = runs_of()
    hinted = Runs(runs.x, runs.targets, runs.reductions, runs.metric, {"inputs": ("log", "raw")})
    with pytest.raises(ModelError, match="must be positive in all runs"):
        select(hinted, settings, folds=3, seed=0, seconds=60.0)
    with pytest.raises(StudyError, match="'kinds' of \\[search\\] must be among"):
        select(runs, SearchSettings(kinds=("kriging",)), folds=3, seed=0, seconds=60.0)


def test_a_stack_takes_the_best_of_each_kind():
    def trial(number: int, kind: str, error: float, **settings) -> Trial:
        config = kind_config({"kind": kind, **settings})
        return Trial(number, config, np.full(10, error), "complete", 0.1)

    trials = [trial(0, "linear", 0.5), trial(1, "rbf", 0.1), trial(2, "pce", 0.2), trial(3, "bayes", 0.3)]
    stack = stack_of([*trials, trial(4, "pce", 0.05, max_degree=3)])
    assert stack is not None
    assert [member["kind"] for member in stack.members] == ["pce", "rbf", "bayes"]
    assert stack.members[0]["max_degree"] == 3
    assert stack_of(trials[:1]) is None
    other_view = trial(5, "gp", 0.01, inputs="raw")
    assert stack_of([other_view, *trials]) is None


def test_the_choice_is_worth_what_it_saves_on_other_folds():
    settings = SearchSettings(kinds=("linear", "pce"), trials=2, stack=False, repeats=3)
    runs = runs_of()
    found = select(runs, settings, folds=4, seed=0, seconds=60.0)
    gain = worth(found, runs, settings, folds=4, seed=0)
    assert gain is not None
    assert gain.best.shape == gain.second.shape == (3,)
    assert len(set(gain.second)) == 3, "every repeat has folds of its own"
    share, spread = gain.gain
    assert share == pytest.approx(1.0, abs=1e-6)
    assert spread < 1e-6


def test_nested_selection_never_sees_the_run_it_is_judged_by():
    runs = runs_of(60)
    seen = []
    search = FoldSearch(
        SearchSettings(kinds=("linear", "pce"), trials=2, folds=3), runs.reductions, runs.metric, {}, 0, 60.0
    )

    def choose(x: np.ndarray, targets, weights):
        # All points of a small field are in its sample.
        seen.append((x, targets["u"].trajectories.sample))
        return search(x, targets, weights)

    validation = cross_validate(choose, runs.reductions, runs.x, runs.targets, folds=4, seed=0)
    fold = assign_folds(60, 4, 0)
    for index, (x, values) in enumerate(seen):
        np.testing.assert_array_equal(x, runs.x[fold != index])
        np.testing.assert_array_equal(values, runs.targets["u"][fold != index])
    assert [config.kind for config in validation.configs] == ["pce"] * 4
    assert validation.errors["u"]["relative_l2"].max() < 1e-6


def test_a_fold_is_small_enough_to_send():
    x = np.random.default_rng(0).uniform(size=(20, 2))
    fields = {"u": (x @ np.random.default_rng(1).standard_normal((2, 50_000)))[:, :, None]}
    config = kind_config({"kind": "linear"})
    rank_two = {"u": reduction_config({"kind": "svd", "rank": 2})}
    fold = LatentFold.of([config], rank_two, x, fields, np.arange(20) < 5, "relative_l2", 0)
    (judge,) = next(iter(fold.evaluators.values())).values()
    assert sum(np.asarray(value).nbytes for value in vars(judge).values()) < 1000
