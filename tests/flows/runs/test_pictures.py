"""The pictures of a pipeline: drawn behind the promotion, and no failure of one loses anything else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fieldwright.flows.pictures import UNDRAWN, picture_bytes, write_pictures
from fieldwright.flows.runs.figures import candidate_figures
from fieldwright.flows.study.loading import load_study
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.tracked_run import FIGURES, TrackedRun
from fieldwright.flows.workflow import run_study
from fieldwright.surrogates.figures import panels


def failing(*_: object, **__: object) -> Any:
    raise ValueError("no picture\nof this")


def test_a_picture_that_fails_loses_neither_the_others_nor_the_promotion(
    make_study: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = make_study(9)
    path.write_text(path.read_text().replace('[[candidates]]\nkind = "gp"\n', ""))
    tracking, draw, promoted = Tracking.of(load_study(path)), TrackedRun.figures, []

    def noted(run: TrackedRun, figures: Any) -> list[str]:
        promoted.append(tracking.registry.champion() is not None)
        return draw(run, figures)

    monkeypatch.setattr(TrackedRun, "figures", noted)
    monkeypatch.setattr(candidate_figures, "predicted_against_true", failing)
    report = run_study(str(path))
    assert report.promoted
    assert promoted == [True] * 3, "the champion serves before the first picture is drawn"
    (run,) = tracking.client.search_runs([tracking.experiment_id()], "tags.role = 'candidate'")
    names = {Path(one.path).name for one in tracking.client.list_artifacts(run.info.run_id, FIGURES)}
    assert names == {"stress_worst_run.png", "displacement_worst_run.png", UNDRAWN}
    sentence = "stress_predicted_against_true.png could not be drawn: ValueError: no picture of this"
    assert sentence in caplog.text
    page = Path(report.page).read_text(encoding="utf-8")
    assert f"<p>{sentence}.</p>" in page
    assert "stress, worst run: true, predicted, and the difference." in page


def test_each_picture_is_made_when_it_is_drawn(tmp_path: Path) -> None:
    figure, (ax,) = panels()
    ax.plot([0.0, 1.0])
    sentences = write_pictures({"a.png": failing, "b.png": lambda: figure, "c.png": figure}, tmp_path)
    assert sentences == ["a.png could not be drawn: ValueError: no picture of this"]
    assert (tmp_path / UNDRAWN).read_text().splitlines() == sentences
    assert (tmp_path / "b.png").read_bytes() == (tmp_path / "c.png").read_bytes() == picture_bytes(figure)
