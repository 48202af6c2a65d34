"""What every kind of model has in common once it is ready to be served."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol


class ServedModel(Protocol):
    """One version of one model on one device; immutable, so that a swap is one assignment.

    sort, route: what it is and what it answers, as the sentence says that refuses another question.
    """

    sort: ClassVar[str]
    route: ClassVar[str]

    @property
    def model(self) -> str:
        """Name of the registered model."""
        ...

    @property
    def version(self) -> str:
        """Its version in the registry."""
        ...

    @property
    def device(self) -> str:
        """Where it computes, as torch calls it."""
        ...

    def about(self) -> dict[str, Any]:
        """What a client should know of it, as plain JSON types."""
        ...

    def specification(self) -> dict[str, Any]:
        """The OpenAPI document of the endpoint while it serves this model."""
        ...
