"""What every kind of model has in common once it is ready to be served."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from fieldwright.surrogates.families import Family


class ServedModel(Protocol):
    """One version of one model on one device; immutable, so that a swap is one assignment.

    family: of the model, whose routes it answers.
    """

    family: ClassVar[Family]

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
