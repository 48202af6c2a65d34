"""The learning curve of a study: its error against the number of runs, and the runs that a given error takes."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from fieldwright.data.errors import StudyError
from fieldwright.flows.progress import report as report_progress
from fieldwright.flows.runs.available_runs import accepted_runs, stored_targets
from fieldwright.flows.runs.candidates import with_common_settings
from fieldwright.flows.steps import candidates_by_label
from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.study_report.learning_curves import CURVES, ROLE, curves_document
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.surrogates.design.figures import learning_figure
from fieldwright.surrogates.design.learning import learning_curves
from fieldwright.surrogates.design.power_law import LearningCurve
from fieldwright.surrogates.families import load_model
from fieldwright.surrogates.fields.per_field import candidate_config
from fieldwright.surrogates.figures import png
from fieldwright.surrogates.regressors import KindConfig, kind_config


def study_learning_curves(
    study: Study, kind: str | None, repeats: int
) -> tuple[str, dict[str, LearningCurve]]:
    """The candidate's label, and field to its learning curve over the accepted runs; raises StudyError.

    kind: a label of the study's candidates or a kind; that of the champion if None, else gp.
    """
    if repeats < 2:
        raise StudyError("Each size must be trained at least twice ('repeats')", str(repeats), "Give 10")
    runs = [record.name for record in accepted_runs(study)]
    if not runs:
        raise StudyError(
            "A learning curve must be drawn from accepted runs",
            "none",
            f"Add runs; `fieldwright status {study.path.name}` says what is wrong with those rejected",
        )
    label, candidate = _candidate(study, kind)
    targets = stored_targets(study, runs)
    with threadpool_limits(1):
        return label, learning_curves(
            with_common_settings(study, candidate, targets),
            {name: study.reduction_of(name) for name in study.outputs},
            targets.x,
            targets.values,
            repeats=repeats,
            seed=study.seed,
            weights=targets.weights,
            progress=lambda done, total: report_progress(f"Training {label}", done, total),
        )


def write_curves(
    study: Study, label: str, curves: dict[str, LearningCurve], path: Path, console: Console
) -> None:
    """Writes the figure, logs it and the numbers to MLflow, and prints the runs that each limit takes."""
    figure = learning_figure(curves, study.field_limits)
    path.write_bytes(png(figure))
    table = Table(title=f"Mean relative L2 error of {label} on held-out runs", title_justify="left")
    sizes = next(iter(curves.values())).sizes
    for title in ("runs", *curves):
        table.add_column(title, justify="right")
    for k, size in enumerate(sizes):
        table.add_row(str(size), *(f"{curve.errors[k].mean():.2e}" for curve in curves.values()))
    table.add_row("falls like", *(f"n^-{curve.law.rate:.2f}" for curve in curves.values()))
    console.print(table)
    for name, limit in study.field_limits.items():
        console.print(f"{name} to {limit:g}: {curves[name].forecast(limit)}.", markup=False)
    if not study.field_limits:
        console.print("Give 'max_error' in [promotion] of the study file to learn how many runs it takes.")
    with Tracking.of(study).run("learning curve") as run:
        run.tags({"role": ROLE, "candidate": label})
        run.json({CURVES: curves_document(curves)})
        run.figures({"learning_curve.png": figure})
        for name, curve in curves.items():
            numbers = {
                f"{name}.relative_l2.{size}_runs": one.mean()
                for size, one in zip(sizes, curve.errors, strict=True)
            }
            limit = study.field_limits.get(name)
            if limit is not None:
                numbers[f"{name}.runs_needed"] = curve.forecast(limit).runs
            run.metrics(numbers)
    console.print(f"Wrote {path}", markup=False, soft_wrap=True)


def _candidate(study: Study, kind: str | None) -> tuple[str, KindConfig]:
    labels = candidates_by_label(study.candidates)
    if kind is None:
        registry = Tracking.of(study).registry
        champion = registry.champion()
        if champion is None:
            return "gp", labels.get("gp", kind_config({"kind": "gp"}))
        label = champion.tags.get("candidate", "")
        if label in labels:
            return label, labels[label]
        # One that the study does not name: of a search, or one for each field.
        with TemporaryDirectory(prefix="fieldwright-learning-") as folder:
            model = load_model(registry.download(champion, Path(folder)))
        return label, candidate_config(model.description.model_dump()["settings"]["candidate"])
    return kind, labels[kind] if kind in labels else kind_config({"kind": kind})
