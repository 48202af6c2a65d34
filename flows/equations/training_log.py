"""The stages of a training as they pass: on the progress bar, as curves in MLflow, and in a file for a later call."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fieldwright.flows.progress import report as report_progress
from fieldwright.flows.tracking.tracked_run import TrackedRun
from fieldwright.flows.tracking.training_curves import TrainingCurves
from fieldwright.physics.pinn.progress import Progress
from fieldwright.surrogates.equations.figures import Convergence


class TrainingLog:
    """All stages of one candidate's networks, those before a break too.

    run: None to read alone what there is. file: one JSON object a line, beside the checkpoints.
    """

    def __init__(self, run: TrackedRun | None, label: str, members: int, file: Path) -> None:
        self._mlflow = None if run is None else TrainingCurves(run)
        self._label, self._members, self._file = label, members, file
        self._rows: dict[int, list[dict[str, Any]]] = {i: [] for i in range(members)}
        if file.exists():
            for line in file.read_text(encoding="utf-8").splitlines():
                self._take(json.loads(line))
        for rows in self._rows.values():
            for row in rows:
                self._add(row)

    def __call__(self, member: int, progress: Progress) -> None:
        """Keeps a stage of the network of that number, and shows it."""
        row = {
            "member": member,
            "steps": progress.steps,
            "seconds": progress.seconds,
            "residual": progress.residual,
            "losses": dict(progress.losses),
        }
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        self._take(row)
        self._add(row)
        time_left = "" if progress.seconds_left is None else f", at most {progress.seconds_left:.0f} s left"
        note = f"residual {progress.residual:.1e}, loss {sum(progress.losses.values()):.1e}{time_left}"
        report_progress(self._bar(member), progress.steps, progress.most_steps, note)

    def finish(self) -> None:
        """Writes what is left, and fills the bars: success ends a training before its last step."""
        if self._mlflow is not None:
            self._mlflow.write()
        for member, rows in self._rows.items():
            if rows:
                steps, residual = rows[-1]["steps"], rows[-1]["residual"]
                report_progress(self._bar(member), steps, steps, f"residual {residual:.1e}")

    def convergence(self) -> list[Convergence]:
        """How every network converged that has passed a stage."""
        curves = []
        for rows in filter(None, self._rows.values()):
            names = rows[-1]["losses"]
            losses = {name: [row["losses"].get(name, float("nan")) for row in rows] for name in names}
            steps, residual = [row["steps"] for row in rows], [row["residual"] for row in rows]
            curves.append(Convergence(steps, residual, losses))
        return curves

    def _add(self, row: Mapping[str, Any]) -> None:
        if self._mlflow is not None:
            self._mlflow.add(row["steps"], self._curves(row))

    def _take(self, row: dict[str, Any]) -> None:
        """Adds a stage; one that was done again after a break takes the place of the old."""
        rows = self._rows.setdefault(row["member"], [])
        while rows and rows[-1]["steps"] >= row["steps"]:
            rows.pop()
        rows.append(row)

    def _curves(self, row: Mapping[str, Any]) -> dict[str, float]:
        before = "" if self._members == 1 else f"network_{row['member'] + 1}."
        losses = {f"{before}loss.{name.replace(' ', '_')}": loss for name, loss in row["losses"].items()}
        return {f"{before}held_out_residual": row["residual"], **losses}

    def _bar(self, member: int) -> str:
        return f"Training {self._label}" + (f", {member + 1} of {self._members}" if self._members > 1 else "")
