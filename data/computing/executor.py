"""One way to hand out work, wherever it is done, with results in the order in which it was handed out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Self

import numpy as np

from fieldwright.data.computing.shared_array import SharedArray

Lost = Callable[..., Any]
"""Takes a piece's arguments and the error that says how its workers ended; returns what stands for its result."""


class Executor(ABC):
    """Does pieces of work: a function of a module, and arguments that are plain arrays, settings or paths.

    What a piece returns does not depend on where it is done, nor on what is done beside it; all seeds are among the
    arguments.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Cancels what is still handed out, and ends or leaves the workers; the next work starts them anew."""

    @property
    @abstractmethod
    def elsewhere(self) -> bool:
        """Whether work leaves this process."""

    @abstractmethod
    def in_order(
        self, task: Callable[..., Any], arguments: Iterable[tuple], lost: Lost | None = None
    ) -> Iterator[Any]:
        """Yields task(*each) for each of the arguments, in their order.

        Parameters
        ----------
        task
            A function of a module.
        arguments
            Of each piece; drawn as they are needed, so that a bounded number of results waits at a time.
        lost
            Stands in for a piece whose workers were lost with it time and again; without it that is a ComputeError.
        """

    @abstractmethod
    def keep(self, task: Callable[..., Any], *arguments: Any) -> Any:
        """Hands out one piece whose result stays where it is; it may be an argument of later pieces."""

    @abstractmethod
    def drop(self, results: Iterable[Any]) -> None:
        """Lets go of results that `keep` has given."""

    @abstractmethod
    def share(self, array: np.ndarray) -> np.ndarray | SharedArray:
        """An array that many pieces need, in a form that is small to send; `array_of` is the way back."""


class InProcess(Executor):
    """Does the work here, one piece after the other."""

    def close(self) -> None:
        """Nothing to do."""

    @property
    def elsewhere(self) -> bool:
        """Never."""
        return False

    def in_order(
        self, task: Callable[..., Any], arguments: Iterable[tuple], lost: Lost | None = None
    ) -> Iterator[Any]:
        """Each piece as its result is asked for."""
        return (task(*each) for each in arguments)

    def keep(self, task: Callable[..., Any], *arguments: Any) -> Any:
        """The result itself."""
        return task(*arguments)

    def drop(self, results: Iterable[Any]) -> None:
        """Nothing to do: they go with the last who holds them."""

    def share(self, array: np.ndarray) -> np.ndarray:
        """The array itself."""
        return array


IN_PROCESS = InProcess()
