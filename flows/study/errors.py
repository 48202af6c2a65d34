"""Turns a failed validation of a study file into one sentence that names the key."""

from __future__ import annotations

import difflib
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.dataclasses import is_pydantic_dataclass
from pydantic.fields import FieldInfo

UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
"""Pydantic's types of the error of an unknown key, in a table that is a model or a dataclass."""
RENAMED_KEYS: Mapping[str, str] = {
    "runs.scheduler": "compute.dask",
    "search.workers": "compute.dask",
    "split.own_parts": "split.predefined",
    "validation.keep_aside": "validation.test_size",
}
"""Keys of older study files, and what they are called now."""


def sentence_for(error: ValidationError, model: type, path: Path) -> tuple[str, str, str]:
    """What must hold, what was got and what to do, for the first error of the validation."""
    details = error.errors(include_url=False)
    # An unknown key is most often the cause of the missing one beside it, so it is named first.
    first = next((detail for detail in details if detail["type"] in UNKNOWN), details[0])
    steps = _written_keys(first["loc"], model)
    where = ".".join(steps) or "the file"
    kind, got = first["type"], first.get("input")
    if kind in UNKNOWN and where in RENAMED_KEYS:
        new = RENAMED_KEYS[where]
        return (
            f"'{where}' must be called by its new name, '{new}'",
            f"'{where}' in {path.name}",
            f"Write '{new}'",
        )
    if kind in UNKNOWN:
        valid = _keys_at(first["loc"][:-1], model)
        near = difflib.get_close_matches(str(first["loc"][-1]), valid, n=1, cutoff=0.5)
        parent = ".".join(steps[:-1])
        return (
            f"The keys of {f'[{parent}]' if parent else 'the study file'} must be among {', '.join(valid)}",
            f"'{steps[-1]}' in {path.name}",
            f"Did you mean '{near[0]}'?"[:-1] if near else "Remove it",
        )
    if kind == "missing":
        return (
            f"'{where}' must be given in {path.name}",
            "nothing",
            f"Add '{steps[-1]}'; docs/study.md explains it",
        )
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        context = first.get("ctx", {})
        expected = context.get("expected_tags", "a known kind")
        tag = context.get("tag")
        return (
            f"'{where}.kind' in {path.name} must be one of {expected}",
            f"'{tag}'" if tag is not None else "no kind",
            "Correct 'kind'",
        )
    message = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if kind == "value_error":
        return f"{path.name} must be consistent", message, "Correct it"
    return (
        f"'{where}' in {path.name}: the value {message}",
        repr(got),
        "Correct it; docs/study.md explains the key",
    )


def fields_of(model: type) -> Mapping[str, FieldInfo]:
    """The keys of a table, whether it is a model or a pydantic dataclass."""
    return getattr(model, "__pydantic_fields__")  # noqa: B009  # models and dataclasses share no type that has it


def inner_models(annotation: Any) -> list[type]:
    """All models and pydantic dataclasses that an annotation can hold, through Optional, Union and Annotated."""
    origin = get_origin(annotation)
    if isinstance(annotation, type) and (
        issubclass(annotation, BaseModel) or is_pydantic_dataclass(annotation)
    ):
        return [annotation]
    if origin is Annotated:
        return inner_models(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [model for option in get_args(annotation) for model in inner_models(option)]
    return []


def _follow(loc: tuple, model: type) -> tuple[list[str], list[Any]]:
    """Walks pydantic's location through the model: the keys as written, and the annotations reached."""
    keys: list[str] = []
    reached: list[Any] = [model]
    for step in loc:
        models = [inner for annotation in reached for inner in inner_models(annotation)]
        tagged = [inner for inner in models if step == _tag(inner)]
        if tagged and not any(step in fields_of(inner) for inner in models):
            reached = list(tagged)  # pydantic's marker of the union member, not a key of the file
            continue
        keys.append(str(step))
        following: list[Any] = [
            fields_of(inner)[step].annotation for inner in models if step in fields_of(inner)
        ]
        for annotation in reached:
            origin, arguments = get_origin(annotation), get_args(annotation)
            if origin is dict:
                following.append(arguments[1])
            elif origin in (tuple, list):
                following.append(arguments[0])
        reached = following
    return keys, reached


def _tag(model: type) -> str | None:
    field = fields_of(model).get("kind")
    return field.default if field is not None else None


def _written_keys(loc: tuple, model: type) -> list[str]:
    return _follow(loc, model)[0]


def _keys_at(loc: tuple, model: type) -> list[str]:
    models = [inner for annotation in _follow(loc, model)[1] for inner in inner_models(annotation)]
    return [name for inner in models for name in fields_of(inner)]
