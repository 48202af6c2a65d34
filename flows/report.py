"""The report of a pipeline run: accepted and rejected runs or photos, evaluations of candidates, champion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Protocol, Self

import numpy as np

from fieldwright.surrogates.validation.holdout import HoldoutResult
from fieldwright.surrogates.validation.metrics import beats_mean


@dataclass(frozen=True)
class Ingested:
    """The state of the run store after ingestion; `rejected` holds (run, reason, sentence)."""

    accepted: tuple[str, ...]
    unchanged: int
    rejected: tuple[tuple[str, str, str], ...] = ()
    notes: tuple[str, ...] = ()


class Evaluation(Protocol):
    """How one candidate of any family did: its label, its score (lower is better), and seconds of training."""

    @property
    def candidate(self) -> str:
        """The label of the candidate."""
        ...

    @property
    def score(self) -> float:
        """The value of the study's metric; lower is better."""
        ...

    @property
    def fit_seconds(self) -> float:
        """Seconds of training."""
        ...


@dataclass(frozen=True)
class RunsEvaluation:
    """One candidate after cross-validation: its label, the value of the study's metric, errors per field.

    mean_relative_l2: per field, of the mean of the training runs in place of the candidate; empty if not known.
    no_better: the fields that the candidate predicts no better than that mean.
    standard_error: of the score as a mean over the runs; None if not known.
    of_fields: field to the label of the candidate that learns it, where they differ.
    """

    candidate: str
    score: float
    relative_l2: dict[str, float]
    fit_seconds: float
    mean_relative_l2: dict[str, float] = field(default_factory=dict)
    no_better: tuple[str, ...] = ()
    standard_error: float | None = None
    of_fields: dict[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The label, with the candidate of each field where they differ."""
        pairs = ", ".join(f"{name}: {label}" for name, label in self.of_fields.items())
        return f"{self.candidate} ({pairs})" if pairs else self.candidate

    @classmethod
    def of(
        cls,
        candidate: str,
        metric: str,
        errors: Mapping[str, Mapping[str, np.ndarray]],
        mean_errors: Mapping[str, np.ndarray],
        fit_seconds: float,
        of_fields: Mapping[str, str] | None = None,
    ) -> Self:
        """From the errors of held-out runs, field to metric to (n,), and the relative L2 errors of the mean, (n,)."""
        of_runs = np.mean([one[metric] for one in errors.values()], axis=0)
        return cls(
            candidate,
            float(np.mean([one[metric].mean() for one in errors.values()])),
            {name: float(one["relative_l2"].mean()) for name, one in errors.items()},
            fit_seconds,
            {name: float(values.mean()) for name, values in mean_errors.items()},
            tuple(
                name for name, one in errors.items() if not beats_mean(one["relative_l2"], mean_errors[name])
            ),
            float(of_runs.std(ddof=1) / np.sqrt(len(of_runs))) if len(of_runs) > 1 else None,
            dict(of_fields or {}),
        )


@dataclass(frozen=True)
class TrialRow:
    """One trial of a search: its settings beside the defaults, its state, mean error and seconds."""

    number: int
    candidate: str
    state: str
    score: float
    seconds: float


@dataclass(frozen=True)
class SearchReport:
    """The best trials of a search, and the gain of the best.

    trials: the best ones. number: how many there were. gain: share of the second best one's error that the choice
    saves, mean over `repeats` trainings on other folds, and its spread (std); None where there was no second or one
    training only. in_folds: what was chosen in each fold of the validation. spent: whether the time ran out. untried:
    kinds whose defaults there was no time to evaluate. drawn: trials besides the defaults and the stack, and their
    seconds. doubling: share of the error that as many drawn trials again would save; None where it cannot be said.
    exhausted: whether there was nothing left to draw.
    """

    trials: tuple[TrialRow, ...]
    number: int
    best: str
    second: str | None
    gain: float | None
    spread: float | None
    repeats: int
    in_folds: tuple[str, ...]
    spent: bool
    untried: tuple[str, ...] = ()
    drawn: int = 0
    drawn_seconds: float = 0.0
    doubling: float | None = None
    exhausted: bool = False


@dataclass(frozen=True, kw_only=True)
class Report:
    """The report of a pipeline run; a family of studies adds its own fields.

    best: the candidate that is registered as `version`. promoted, why: whether it was made champion. compared: what
    was compared with the champion, and on what. gates: name, value, limit and outcome of each. metric: what the
    candidates, `evaluations` in their order, are compared by. nothing_new: a sentence where the report is that of an
    earlier pipeline with the same inputs, since no step had to be done again. page: where the report lies as a page.
    As JSON in MLflow and as tables on the terminal.
    """

    subject: ClassVar[str]

    study: str
    best: str
    version: str
    promoted: bool
    why: str
    metric: str
    ingested: Ingested
    evaluations: tuple[Any, ...]
    notes: tuple[str, ...] = ()
    compared: str = ""
    gates: tuple[tuple[str, str, str, str], ...] = ()
    nothing_new: str = ""
    page: str = ""

    @property
    def outcome(self) -> str:
        """All of it in one sentence."""
        return f"Version {self.version} ({self.best}): {self.why}."

    def as_dict(self) -> dict[str, Any]:
        """The report as plain JSON types."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class PipelineReport(Report):
    """Of runs: what the search found, and what the bands cover on the test set; None where a study has none."""

    subject: ClassVar[str] = "runs"

    evaluations: tuple[RunsEvaluation, ...]
    search: SearchReport | None = None
    test_set: HoldoutResult | None = None
