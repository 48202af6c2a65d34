"""What every kind of model has in common once it is ready to be served."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel

from fieldwright.serving.hosting.model_card import card_of
from fieldwright.serving.schemas.openapi import Operation
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

    @property
    def description(self) -> BaseModel:
        """What the model says of itself."""
        ...

    def interface(self) -> Sequence[Operation]:
        """What the endpoint answers by this model, for the OpenAPI document."""
        ...


def about(served: ServedModel, registry_page: str = "") -> dict[str, Any]:
    """What a client should know of a model that is served, as plain JSON types.

    registry_page: of the tracking server, empty where no browser can open it.
    """
    description = served.description.model_dump(mode="json")
    return {
        "model": served.model,
        "version": served.version,
        "family": served.family.name,
        "device": served.device,
        "card": card_of(registry_page, served.model, served.version),
        **description,
    }
