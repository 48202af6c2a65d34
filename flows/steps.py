"""What a family brings to the workflow: its own step at each place of the one order that `workflow.py` keeps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

from fieldwright.flows.pictures import Picture
from fieldwright.flows.report import Evaluation, Ingested
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.tracked_run import TrackedRun
from fieldwright.flows.tracking.versions.promotion import Challenge, Decision
from fieldwright.surrogates.design.power_law import LearningCurve
from fieldwright.surrogates.families import Family
from fieldwright.surrogates.model import Model


class OfAKind(Protocol):
    """Settings of a candidate of any family."""

    @property
    def kind(self) -> str:
        """The kind of its model."""
        ...


Config = TypeVar("Config", bound=OfAKind)


@dataclass(frozen=True, eq=False)
class Incoming:
    """What has come in. ingested: what was accepted and rejected. files: JSON by name. content: the family's own."""

    ingested: Ingested
    files: Mapping[str, Any] = field(default_factory=dict)
    content: Any = None


@dataclass(frozen=True, eq=False)
class Dataset:
    """What candidates learn from and are evaluated by; a family adds its arrays.

    samples: how many there are of each part, "train" and perhaps "validation" and "test". notes: sentences for
    the user. metrics and files go to the run of the pipeline, and what `draw` gives: file name to picture.
    """

    ingested: Ingested
    samples: Mapping[str, int]
    notes: tuple[str, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    draw: Callable[[], Mapping[str, Picture]] = dict
    files: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Trained:
    """A candidate, fitted and evaluated.

    settings: of the candidate, tables within tables. content: what `finish` needs of it. draw: gives its pictures,
    file name to picture, which only the best candidate's run carries. The rest goes to its run beside what every
    candidate has: see `tracking.records`.
    """

    evaluation: Evaluation
    settings: Mapping[str, Any]
    content: Any
    params: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    draw: Callable[[], Mapping[str, Picture]] = dict
    files: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Finished:
    """The best candidate as it is registered.

    report: fields of the family's report. content: what `decide` needs of it. ask: asks it one query, so that its
    cost can be measured. draw: its pictures. These three are what `completed` adds. The rest as in `Trained`.
    """

    model: Model
    report: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    draw: Callable[[], Mapping[str, Picture]] = dict
    files: Mapping[str, Any] = field(default_factory=dict)
    content: Any = None
    ask: Callable[[], object] | None = None


StudyType = TypeVar("StudyType")
Data = TypeVar("Data", bound=Dataset)


class Steps(ABC, Generic[StudyType, Data]):
    """The steps of one study, called in the order in which they stand here.

    samples: what one of them is called, in the plural.
    """

    samples: ClassVar[str]

    def __init__(self, study: StudyType, tracking: Tracking) -> None:
        self.study, self.tracking = study, tracking

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends what it has started and holds while a pipeline runs, however that has ended."""

    @property
    @abstractmethod
    def family(self) -> Family:
        """That of the models."""

    @property
    @abstractmethod
    def metric(self) -> str:
        """What candidates and champions are compared by; lower is better."""

    @abstractmethod
    def ingest(self) -> Incoming:
        """Reads what is new or has changed, and rejects with the reason what cannot be used."""

    @abstractmethod
    def data_digest(self, incoming: Incoming) -> str:
        """Of all that candidates learn from: where it, the study and the code are as before, so is every result."""

    def scored_on(self, data_digest: str, data: Data) -> str:
        """A digest of what scores are measured on: those of one digest can be compared."""
        return data_digest

    @abstractmethod
    def split(self, incoming: Incoming) -> Data:
        """The parts to learn from and to evaluate by; raises StudyError where they do not suffice."""

    @abstractmethod
    def candidates(self, data: Data) -> Mapping[str, Any]:
        """Settings of the models to compare, by label."""

    def settings_of(self, candidate: Any) -> Any:
        """The settings of a candidate, on which its evaluation depends."""
        return candidate

    @abstractmethod
    def evaluate(self, label: str, candidate: Any, data: Data, run: TrackedRun) -> Trained:
        """Fits one candidate and evaluates it by what it has not learned from."""

    @abstractmethod
    def keep(self, trained: Trained, folder: Path) -> None:
        """Writes what `restore` makes the evaluated candidate of again, as JSON, npz and safetensors."""

    @abstractmethod
    def restore(self, label: str, candidate: Any, data: Data, folder: Path) -> Trained:
        """The evaluated candidate that `keep` wrote, with the same numbers; raises FieldwrightError on damage."""

    def joined(self, trained: Mapping[str, Trained], data: Data) -> Mapping[str, Any]:
        """Further candidates by label, made of those that are evaluated, without another training."""
        return {}

    def rank(self, evaluation: Evaluation) -> tuple[Any, ...]:
        """By which candidates are ordered, the best first."""
        return (evaluation.score,)

    @abstractmethod
    def finish(self, best: Trained, all_trained: Sequence[Trained], data: Data) -> Finished:
        """Makes the model that is registered of the best candidate, and tests it on what nothing was chosen by."""

    def completed(self, finished: Finished, best: Trained, data: Data) -> Finished:
        """The model with what `decide` needs, how it is asked and its pictures, which are not kept on disk."""
        return finished

    @abstractmethod
    def decide(self, best: Trained, finished: Finished, challenge: Challenge) -> Decision:
        """Whether it is promoted: by the gates of the study, and beside the champion."""

    def learning_curves(
        self, best: Trained, all_trained: Sequence[Trained], data: Data
    ) -> Mapping[str, LearningCurve]:
        """Field to the learning curve of the best candidate, where it takes little of the time of evaluations."""
        return {}

    def clean_up(self) -> None:
        """Removes what a broken pipeline would have gone on from, once the model is registered."""


def candidates_by_label(candidates: Sequence[Config]) -> dict[str, Config]:
    """Candidates by label: their kind, numbered from the second of a kind on ("gp", "gp-2")."""
    labels: dict[str, Config] = {}
    for candidate in candidates:
        kind = candidate.kind
        count = 1 + sum(other.kind == kind for other in labels.values())
        labels[kind if count == 1 else f"{kind}-{count}"] = candidate
    return labels
