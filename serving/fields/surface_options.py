"""The options of GET /surface behind "?" in its address."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema
from starlette.requests import Request

from fieldwright.serving.phrases import listed
from fieldwright.serving.schemas.reading import RequestObject, RequestReader, Says, without_default

PLAIN, COMPACT = CODINGS = ("plain", "compact")
LEAST_CORNERS = 1000


class SurfaceOptions(RequestObject):
    """How a surface is answered."""

    coding: Annotated[Literal["plain", "compact"], Says(f"'coding' must be one of {listed(CODINGS)}")] = (
        Field(
            PLAIN, description="'compact' is smaller: places of 16 bits, and differences in place of numbers."
        )
    )
    corners: Annotated[
        Annotated[int, Field(ge=LEAST_CORNERS)] | SkipJsonSchema[None],
        Says(f"'corners' must be a whole number of {LEAST_CORNERS} or more", "Correct it"),
    ] = Field(
        default=None,
        description="At most so many corners: a coarser surface, without edges, that is quickly fetched and drawn.",
        json_schema_extra=without_default,
    )


_reader: RequestReader[SurfaceOptions] = RequestReader(
    Annotated[SurfaceOptions, Says("The options must be texts by name", keys="The request's options")]
)


def surface_options(request: Request) -> SurfaceOptions:
    """Those of a request; raises QueryError."""
    return _reader.read(dict(request.query_params))


def option_parameters() -> list[dict[str, Any]]:
    """Them in the OpenAPI document."""
    properties = SurfaceOptions.model_json_schema()["properties"]
    return [
        {"name": name, "in": "query", "required": False, "schema": schema}
        for name, schema in properties.items()
    ]
