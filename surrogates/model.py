"""The contract of everything that is trained, registered and served."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np


class ModelDescription(Protocol):
    """What a model of any family says of itself; a family adds more.

    `kind` is that of the candidate, `settings` holds all its settings under "candidate", and `notes` are
    sentences for the user.
    """

    @property
    def name(self) -> str:
        """Name of the model."""
        ...

    @property
    def kind(self) -> str:
        """Kind of the candidate."""
        ...

    @property
    def seed(self) -> int:
        """Seed of the training."""
        ...

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of the candidate and of its training."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """Warnings for the user."""
        ...

    def model_dump(self, *, mode: str = "python") -> dict[str, Any]:
        """All of it as plain types."""
        ...


class Model(Protocol):
    """A trained model: immutable, saved as an artifact, and restored without unpickling.

    Where an answer says `why`, it is None where nothing speaks against trusting it, else one sentence.
    """

    @property
    def description(self) -> ModelDescription:
        """What a user should know before asking it."""
        ...

    def predict(self, *args: Any, **kwargs: Any) -> Any:
        """Answers queries in the form of the family, with what is known of the error of each."""
        ...

    def tabulate(self, inputs: Any) -> dict[str, np.ndarray]:
        """Answers as MLflow's own tools take them: named arrays with one row for each query.

        Parameters
        ----------
        inputs
            A table (a mapping of names to columns), or an array of queries, whichever the family takes.
        """
        ...

    def example(self) -> Mapping[str, np.ndarray] | None:
        """Columns of a few queries that it can answer; None where a query is no row of a table."""
        ...

    def save(self, folder: Path) -> None:
        """Writes the artifact into a new folder; raises ModelError."""
        ...

    @classmethod
    def load(cls, folder: Path, device: str = "cpu") -> Self:
        """Restores what `save` wrote, to answer on the torch device; raises ModelError."""
        ...
