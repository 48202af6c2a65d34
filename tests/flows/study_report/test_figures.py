"""Every figure of the product on small data: a title that says what is seen, axes with units, no legend over data."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fieldwright.data.output.written_numbers import engineering_exponent, log_tick_text, scaled_unit
from fieldwright.flows.drift.picture import drift_figure
from fieldwright.flows.drift.verdict import DriftReport, Period
from fieldwright.flows.photos import figures as photos
from fieldwright.flows.report import Ingested, PipelineReport, RunsEvaluation
from fieldwright.flows.runs.figures.candidate_figures import predicted_against_true, true_predicted_error
from fieldwright.flows.study_report.candidates_figure import candidates_figure
from fieldwright.flows.study_report.coverage_figure import coverage_figure
from fieldwright.physics.equations.problems import problem_named
from fieldwright.physics.pinn.networks.architecture import Architecture
from fieldwright.physics.pinn.training_plan import Sampling
from fieldwright.surrogates.cracks.classification.classification_metrics import curves
from fieldwright.surrogates.design.figures import learning_figure, suggestion_figure
from fieldwright.surrogates.design.power_law import LearningCurve
from fieldwright.surrogates.domain.domain import Domain
from fieldwright.surrogates.domain.figures import domain_figure
from fieldwright.surrogates.equations.answer_figure import answer_figure
from fieldwright.surrogates.equations.case import EquationCase
from fieldwright.surrogates.equations.figures import Convergence, convergence_figure, solution_figures
from fieldwright.surrogates.equations.settings import PinnConfig
from fieldwright.surrogates.equations.training import solve
from fieldwright.surrogates.fields.answers.figure import PlotData, figure_of
from fieldwright.surrogates.fields.description import FieldInfo, ParameterInfo
from fieldwright.surrogates.fields.prediction import Band
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.figure_axes import label, logarithmic
from fieldwright.surrogates.figures import CANDIDATES, candidate_look, line_style, outlines_figure, panels
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.regressors import kind_config
from fieldwright.surrogates.understanding.ranks_and_modes import modes_figure, ranks_figure
from fieldwright.surrogates.understanding.responses import response_figure
from fieldwright.surrogates.understanding.sensitivity import sensitivity, sensitivity_figure
from fieldwright.surrogates.validation.cross_validation import cross_validate

ROOT = Path(__file__).parents[3]
RNG = np.random.default_rng(0)
POINTS = np.stack([*(axis.ravel() for axis in np.meshgrid(np.linspace(0, 2e-3, 9), np.linspace(0, 1e-3, 5)))])
POINTS = np.concatenate([POINTS, np.zeros((1, 45))]).T
PLACES = np.random.default_rng(1).random((30, 2)) * [5e5, 8e-3]
STRESS = 2e11 * (1.0 + POINTS[:, 0] / 2e-3)


@cache
def surrogate() -> Surrogate:
    x = RNG.uniform([1e5, 2e-3], [5e5, 8e-3], (16, 2))
    values = (x[:, :1] * 1e3 / x[:, 1:]) * (1.0 + POINTS[:, 0] / 2e-3)
    config, reductions = (
        kind_config({"kind": "bayes"}),
        {"von_mises": reduction_config({"kind": "svd", "rank": 1})},
    )
    targets = {"von_mises": values[..., None]}
    return Surrogate.train(
        config,
        reductions,
        x,
        targets,
        parameters=[ParameterInfo(name="load_of_the_beam", unit="N"), ParameterInfo(name="height", unit="m")],
        fields=[FieldInfo(name="von_mises", unit="Pa", n_points=45)],
        points={"von_mises": POINTS},
        cross_validation=cross_validate(config, reductions, x, targets, folds=4, seed=0),
        seed=0,
        name="beam",
    )


@cache
def solved():
    case = EquationCase(problem_named("second_order_bvp"), varied=("a",), units={"x": "m", "u": "K"})
    plan = PinnConfig(
        architecture=Architecture((6,)),
        sampling=Sampling(40),
        first_steps=3,
        rounds=1,
        steps=3,
        tolerance=0.5,
    )
    return case, solve(case, plan, seed=0, name="beam")


def learning() -> dict[str, LearningCurve]:
    sizes = np.array([8, 12, 18, 27, 40])
    errors = 0.3 / sizes[:, None] * np.exp(0.05 * RNG.normal(size=(5, 6)))
    return {"von_mises": LearningCurve.of(sizes, errors, 0)}


def report() -> PipelineReport:
    evaluations = tuple(
        RunsEvaluation(name, score, {"T": score}, 1.0, standard_error=0.1 * score)
        for name, score in (("gp", 2e-5), ("bayes", 3e-5), ("a_kind_of_my_own", 4e-5))
    )
    return PipelineReport(
        study="s",
        best="gp",
        version="1",
        promoted=True,
        why="",
        metric="relative_l2",
        ingested=Ingested((), 0),
        evaluations=evaluations,
    )


def drift() -> Figure:
    periods = tuple(Period(f"2026-01-0{k}", 20, 2 * k) for k in (1, 2, 3))
    verdict = DriftReport("s", "1", "2026-01-01", "2026-01-04", 60, 30, (), periods)
    return drift_figure(
        verdict, ["load", "height"], RNG.uniform(size=(60, 2)), RNG.uniform(size=(30, 2)), 0.1
    )


def band(shape: tuple[int, ...]) -> Band:
    mean = 3e8 * (1.0 + RNG.uniform(size=shape))
    return Band(mean, 0.1 * mean, 0.8 * mean, 1.2 * mean)


def answer(places: np.ndarray, times: tuple[float, ...] | None, truth: bool) -> Figure:
    info = FieldInfo(name="von_mises", unit="Pa", times=times, n_points=len(places))
    shape = (1, *((len(times),) if times else ()), len(places), 1)
    data = PlotData(band(shape), band(shape).mean if truth else None, "load = 2, height = 0.003 m")
    return figure_of(data, info, places, {}, placed=True)


def photo_curves() -> Figure:
    cracked = np.arange(40) % 2 == 1
    return photos.curves_figure(
        curves(cracked, np.clip(0.5 * cracked + RNG.uniform(size=40), 0, 1)), (0.2, 0.9, 0.8)
    )


def convergence() -> Figure:
    steps = [10, 20, 30]
    return convergence_figure(
        [Convergence(steps, [0.5, 1e-2, 1e-4], {"equation 1": [1.0, 1e-3, 1e-6]})] * 2, 1e-3
    )


def solution(values: str) -> Figure:
    case, one = solved()
    if values == "line":
        return next(iter(solution_figures(case, one.pinns[0].network, 1.0).values()))
    return answer_figure(one.surrogate)


IMAGES = [RNG.integers(0, 255, (20, 30, 3), dtype=np.uint8) for _ in range(3)]
MASK = RNG.uniform(size=(20, 30)) > 0.5
FIGURES: Mapping[str, Callable[[], Figure]] = {
    "predicted_against_true": lambda: predicted_against_true(STRESS, 1.01 * STRESS, "von_mises", "Pa"),
    "true_predicted_error": lambda: true_predicted_error(
        POINTS, STRESS, 1.01 * STRESS, {}, title="The worst of 8 runs", name="von_mises", unit="Pa"
    ),
    "ranks_figure": lambda: ranks_figure(np.array([4.0, 2.0, 1e-6]), 20.0, 2, np.array([1, 0.1, 1e-5]), "T"),
    "modes_figure": lambda: modes_figure([STRESS, -STRESS], POINTS, name="von_mises"),
    "sensitivity_figure": lambda: sensitivity_figure(surrogate(), sensitivity(surrogate(), n=32, seed=0)),
    "response_figure": lambda: response_figure(surrogate()),
    "domain_figure": lambda: domain_figure(
        Domain.fit(PLACES), ["load", "height"], ["N", "m"], PLACES, {"run_3": 3}, PLACES[:2] + 0.01, [0, 1]
    ),
    "learning_figure": lambda: learning_figure(learning(), {"von_mises": 1e-3}),
    "suggestion_figure": lambda: suggestion_figure(
        ["load", "height"], ["N", "m"], RNG.uniform(size=(9, 2)), RNG.uniform(size=(3, 2))
    ),
    "candidates_figure": lambda: candidates_figure(report()),
    "coverage_figure": lambda: coverage_figure({"von_mises": 0.86, "T": 0.91}, 0.9, 0.8, 0.97),
    "drift_figure": drift,
    "curves_figure": photo_curves,
    "precision_recall_figure": lambda: photos.precision_recall_figure(
        {"within 2 px": (np.linspace(0, 1, 9), np.linspace(1, 0.5, 9))}
    ),
    "calibration_figure": lambda: photos.calibration_figure(
        photos.reliability(RNG.uniform(size=90) > 0.5, RNG.uniform(size=90)), "photos"
    ),
    "example_photos": lambda: photos.example_photos(IMAGES, ["one", "two", "three"], "the worst of all"),
    "example_outlines": lambda: photos.example_outlines(
        [(IMAGES[0], MASK, RNG.uniform(size=(20, 30)), MASK)], ["one"], "the worst of all"
    ),
    "convergence_figure": convergence,
    "_lines": lambda: solution("line"),
    "answer_figure": lambda: solution("answer"),
    "_along": lambda: answer(np.array([[0.0, 0, 0], [1e-3, 0, 0], [2e-3, 0, 0]]), None, True),
    "_on_mesh": lambda: answer(POINTS, None, True),
    "_numbers": lambda: answer(np.zeros((1, 3)), None, True),
    "outlines_figure": lambda: outlines_figure({"wings": RNG.uniform(size=(2, 9, 2))}, length_unit="m"),
}
DRAWN_ELSEWHERE = {"_maps": "tests/surrogates/equations/test_solution_surrogate.py"}
"""Figures whose data takes long to make."""
WITHOUT_UNIT = {"example_photos", "example_outlines"}
"""Photos have no axes."""
OF_STRESS = {
    *("predicted_against_true", "true_predicted_error", "response_figure"),
    *("_along", "_on_mesh", "_numbers"),
}
"""Figures with an axis or a colour bar in pascals."""


def visible(figure: Figure) -> list[Axes]:
    return [ax for ax in figure.axes if ax.get_visible()]


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_says_what_is_seen_and_covers_none_of_it(name: str):
    figure = FIGURES[name]()
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    figure.draw(renderer)
    edge = figure.bbox
    assert figure.get_suptitle() or all(ax.get_title() for ax in visible(figure))
    title = figure._suptitle  # type: ignore[attr-defined]  # matplotlib has no public way to its place
    if title is not None:
        box = title.get_window_extent(renderer)
        assert box.x0 >= 0
        assert box.x1 <= edge.x1
    boxes = [ax.get_window_extent(renderer) for ax in visible(figure)]
    for ax in visible(figure):
        for part in (ax, *ax.child_axes):
            assert not part.xaxis.get_offset_text().get_text()
            assert not part.yaxis.get_offset_text().get_text()
            texts = [*part.get_xticklabels(), *part.get_yticklabels()] if part.axison else []
            assert not [
                one.get_text() for one in texts if "e" in one.get_text() and one.get_text()[:1].isdigit()
            ]
        legend = ax.get_legend()
        if legend is not None:
            box = legend.get_window_extent(renderer)
            assert box.x1 <= edge.x1
            assert box.y0 >= 0
            assert not any(box.overlaps(other) for other in boxes), "a legend lies over a panel"
    if name in OF_STRESS:
        parts = [part for ax in visible(figure) for part in (ax, *ax.child_axes)]
        assert any(one.endswith("Pa]") for part in parts for one in (part.get_xlabel(), part.get_ylabel()))
    if name not in WITHOUT_UNIT:
        assert any(ax.get_xlabel() for ax in visible(figure)) or name == "response_figure"
        assert any(ax.get_ylabel() for ax in visible(figure)) or any(
            one.get_text() for ax in visible(figure) for one in ax.get_yticklabels()
        )


def test_every_figure_of_the_product_is_among_them():
    drawing = set()
    for package in ("surrogates", "flows", "fieldwright/library"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                calls = (one for one in ast.walk(node) if isinstance(one, ast.Call))
                if isinstance(node, ast.FunctionDef) and any(
                    isinstance(one.func, ast.Name) and one.func.id == "panels" for one in calls
                ):
                    drawing.add(node.name)
    assert drawing == set(FIGURES) | set(DRAWN_ELSEWHERE)
    for place in DRAWN_ELSEWHERE.values():
        assert "solution_figures(" in (ROOT / place).read_text()


@pytest.mark.parametrize(
    ("largest", "unit", "exponent", "text"),
    [
        (2e11, "Pa", 9, "GPa"),
        (3e8, "Pa", 6, "MPa"),
        (2.5e-4, "m", -6, "µm"),
        (4e4, "m", 3, "10³ m"),
        (2e4, "W/m2", 3, "kW/m2"),
        (3e5, "m2", 3, "10³ m2"),
        (1e-5, "1/K", -6, "10⁻⁶ 1/K"),
        (1e-5, "", -6, "10⁻⁶"),
        (5e6, "mm", 6, "10⁶ mm"),
        (2e5, "K", 3, "10³ K"),
        (1e-3, "kg", -3, "10⁻³ kg"),
        (600.0, "K", 0, "K"),
        (0.05, "m", 0, "m"),
        (0.0, "m", 0, "m"),
    ],
)
def test_large_and_small_numbers_have_a_prefix_or_a_power_in_their_unit(largest, unit, exponent, text):
    assert engineering_exponent(largest) == exponent
    assert scaled_unit(unit, exponent) == text


def test_ticks_times_the_power_of_the_label_are_the_values():
    figure, (ax,) = panels(title="a line")
    label(ax, "load", "stress", x_unit="N", y_unit="Pa")
    ax.plot([1e5, 5e5], [1e8, 4e8])
    figure.draw(figure.canvas.get_renderer())  # type: ignore[attr-defined]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("load [kN]", "stress [MPa]")
    np.testing.assert_allclose([float(one.get_text()) for one in ax.get_yticklabels()], ax.get_yticks() / 1e6)


def test_logarithmic_ticks_are_powers_of_ten():
    figure, (ax,) = panels(title="errors")
    logarithmic(ax, "y", [1e-8, 1.0])
    ax.plot([0, 1], [1e-8, 1.0])
    figure.draw(figure.canvas.get_renderer())  # type: ignore[attr-defined]
    assert "10⁻⁸" in [one.get_text() for one in ax.get_yticklabels()]
    assert [log_tick_text(one) for one in (0.05, 1.0, 2e7, 1e-6)] == ["0.05", "1", "2·10⁷", "10⁻⁶"]


def test_a_candidate_looks_the_same_everywhere_and_unlike_the_others():
    looks = [tuple(candidate_look(name).values()) for name in CANDIDATES]
    assert len(set(looks)) == len(CANDIDATES)
    assert len({look[1:] for look in looks}) == len(CANDIDATES), "distinct without colour"
    assert candidate_look("gp") == candidate_look("gp")
    assert candidate_look("gp-2")["colour"] == candidate_look("gp")["colour"]
    assert candidate_look("gp-2") != candidate_look("gp")
    figure = candidates_figure(report())
    first = candidate_look("gp")
    bars = figure.axes[0].patches
    assert bars[0].get_hatch() == first["hatch"]
    assert len({(line_style(i)["marker"], line_style(i)["ls"]) for i in range(7)}) == 7
