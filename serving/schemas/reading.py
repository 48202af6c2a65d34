"""Requests read by their pydantic models; what does not fit becomes one sentence."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import isclass
from typing import (
    Annotated,
    Any,
    Generic,
    Literal,
    NotRequired,
    Required,
    TypeVar,
    Union,
    get_args,
    get_origin,
)

from pydantic import BaseModel, ConfigDict, Strict, Tag, TypeAdapter, ValidationError
from pydantic.types import AllowInfNan
from typing_extensions import TypedDict, get_type_hints, is_typeddict

from fieldwright.data.errors import QueryError
from fieldwright.serving.phrases import listed, nearest, quoted, unknown_key

CLOSED = ConfigDict(extra="forbid")
"""Of every object in a request: a key that nobody reads is a mistake of the client's."""
Number = Annotated[float, Strict(), AllowInfNan(False)]
Text = Annotated[str, Strict()]
Model = TypeVar("Model")


def without_default(schema: dict[str, Any]) -> None:
    """Of a key that may be left out: it then has no value, rather than null."""
    schema.pop("default", None)


class RequestObject(BaseModel):
    """An object in the body of a request."""

    model_config = CLOSED


def object_type(name: str, keys: Mapping[str, Any], optional: bool = False) -> Any:
    """The type of an object that has these keys, whatever their names, and no others; optional: that may have them.

    A TypedDict, since a pydantic model takes not every name, and a list of thousands of them is slow to make.
    """
    typed_dict: Any = TypedDict
    typed = typed_dict(name, dict(keys), total=not optional)
    typed.__pydantic_config__ = CLOSED
    return typed


@dataclass(frozen=True, eq=False)
class Says:
    """The words of a refusal, beside the type of a value in its annotation; those of the innermost value count.

    must, do: what must hold of the value, and what to do; the nearest choice where `do` is empty.
    most: what must hold where a list is too long.
    keys: what an object's keys are called. every: what must hold where one of them is missing.
    absent: why a key that other requests may have is refused in this one.
    """

    must: str
    do: str = ""
    most: str = ""
    keys: str = ""
    every: str = ""
    absent: Mapping[str, QueryError] = field(default_factory=dict)


class RequestReader(Generic[Model]):
    """Reads documents of one pydantic type, annotated with the words of refusals."""

    def __init__(self, annotation: Any) -> None:
        self.annotation = annotation
        self.adapter: TypeAdapter[Model] = TypeAdapter(annotation)

    def read(self, document: Any) -> Model:
        """The document as the type; raises QueryError."""
        try:
            return self.adapter.validate_python(document)
        except ValidationError as error:
            raise refusal(error, self.annotation) from error


def refusal(error: ValidationError, annotation: Any) -> QueryError:
    """One sentence on what is wrong with a document of the annotated type; the first fault where there are many."""
    faults = error.errors(include_url=False)
    beside = faults[0]["loc"][:-1]
    faults = [fault for fault in faults if fault["loc"][: len(beside)] == beside]
    # A name that is not known explains one that is missing. Of the branches of a union, the one entered deepest was
    # meant.
    unknown = [fault for fault in faults if fault["type"] == "extra_forbidden"]
    fault = unknown[0] if unknown else max(faults, key=lambda one: len(one["loc"]))
    place, value = fault["loc"], fault["input"]
    steps = list(_steps(annotation, place))
    words = [says for says, _ in steps if says]
    says = words[-1] if words else Says("The request must fit its description", "See GET /docs.json")
    if fault["type"] == "extra_forbidden":
        key = str(place[-1])
        if key in says.absent:
            return QueryError(
                *says.absent[key].args
            )  # anew, since an error keeps the traceback of its last raise
        return unknown_key(key, _keys(steps[-1][1]), says.keys or "The keys")
    if fault["type"] == "missing":
        above = [one for one, _ in steps[:-1] if one]
        if above and above[-1].every:
            missing = listed(str(one["loc"][-1]) for one in faults if one["type"] == "missing")
            return QueryError(above[-1].every, f"none for {missing}", f"Add {missing}")
        return QueryError(says.must, "nothing", says.do or nearest(None, _choices(steps[-1][1])))
    if fault["type"] == "too_long":
        return QueryError(says.most or says.must, str(len(value)), "Send them in several requests")
    return QueryError(says.must, quoted(value), says.do or nearest(value, _choices(steps[-1][1])))


def _steps(annotation: Any, place: Sequence[int | str]) -> Iterator[tuple[Says | None, Any]]:
    """Words and bare type of every value from the document to a place in it, as far as its type tells."""
    says, bare = _parts(annotation)
    yield says, bare
    origin, arguments = get_origin(bare), get_args(bare)
    is_union = origin in (Union, types.UnionType)
    branches = [branch for branch in arguments if branch is not type(None)] if is_union else []
    if len(branches) == 1:
        # A place names the branch only where there are several beside None.
        yield from _steps(branches[0], place)
        return
    if not place:
        return
    step, further = place[0], place[1:]
    inner: Any = None
    info: Any
    if is_union:
        inner = next((branch for branch in branches if _branch_name(branch) == step), None)
    elif is_typeddict(bare):
        inner = get_type_hints(bare, include_extras=True).get(str(step))
    elif isclass(bare) and issubclass(bare, BaseModel):
        info = next((one for name, one in bare.model_fields.items() if (one.alias or name) == step), None)
        inner = None if info is None else Annotated[info.annotation, *info.metadata, None]
    elif origin in (list, dict):
        inner = arguments[-1]
    if inner is not None:
        yield from _steps(inner, further)


def _parts(annotation: Any) -> tuple[Says | None, Any]:
    """The words and the bare type of an annotation."""
    says = None
    while get_origin(annotation) in (Annotated, Required, NotRequired):
        bare, *metadata = get_args(annotation)
        says = next((one for one in metadata if isinstance(one, Says)), says)
        annotation = bare
    return says, annotation


def _branch_name(annotation: Any) -> str:
    """What pydantic calls a branch of a union in the place of an error."""
    tags = [one.tag for one in get_args(annotation)[1:] if isinstance(one, Tag)]
    return tags[0] if tags else getattr(_parts(annotation)[1], "__name__", "")


def _keys(bare: Any) -> list[str]:
    if is_typeddict(bare):
        return list(get_type_hints(bare))
    if isclass(bare) and issubclass(bare, BaseModel):
        return [info.alias or name for name, info in bare.model_fields.items()]
    return []


def _choices(bare: Any) -> list[str]:
    return [str(one) for one in get_args(bare)] if get_origin(bare) is Literal else []
