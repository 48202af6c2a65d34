"""Nested lists of numbers in a request, read by NumPy: pydantic would make a Python object of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from fieldwright.data.errors import QueryError


@dataclass(frozen=True)
class NumberLists:
    """In an annotation: the value is nested lists, described by a JSON schema and read into an array by a function.

    The function raises QueryError.
    """

    schema: dict[str, Any]
    read: Callable[[Any], np.ndarray]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return dict(self.schema)


def nested_schema(
    sizes: Sequence[int | tuple[int, int] | None], item: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The JSON schema of nested arrays, outermost first: of one size, of at least and at most so many, or of any."""
    schema = item or {"type": "number"}
    for size in reversed(sizes):
        schema = {"type": "array", "items": schema}
        if size is not None:
            least, most = size if isinstance(size, tuple) else (size, size)
            schema |= {"minItems": least, "maxItems": most}
    return schema


def number_array(lists: Any, must: str) -> np.ndarray:
    """Nested lists of numbers of equal lengths as float64; raises QueryError for anything else."""
    try:
        numbers = np.array(lists)
    except ValueError:
        numbers = np.array(None)
    # JSON has no NaN: what stands for it, null or a text, makes no array of numbers.
    if numbers.dtype.kind not in "iuf" or not numbers.ndim:
        raise QueryError(must, "something else than numbers in lists of equal lengths", "Send plain numbers")
    return numbers.astype(np.float64)
