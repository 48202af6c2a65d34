"""Writes docs/study.md from the study's model, so that the page cannot fall behind the code.

python -m fieldwright.flows.study.reference docs/study.md
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic_core import PydanticUndefined

from fieldwright.flows.study.errors import fields_of, inner_models
from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.study_families import STUDY_FAMILIES

TABLES = (dict, Mapping)
HEAD = """# The study file

A study is one TOML file. Paths in it are relative to the file. A key that is not listed here is an error that
names the nearest valid one. This page is generated from the code by `make docs`.

A complete example is [examples/plate/study.toml](../examples/plate/study.toml).
"""


def reference() -> str:
    """The full page as Markdown."""
    sections = [HEAD, *(_section(title, model) for title, model in _sections(Study, ""))]
    for family in STUDY_FAMILIES:
        if family.key:
            sections.append(f"# A study of {family.subject}\n\nA file with the key `{family.key}`.\n")
            sections += [_section(title, model) for title, model in _sections(family.study_class(), "")]
    return "\n".join(sections)


def _sections(model: type, prefix: str) -> Iterator[tuple[str, type]]:
    yield (prefix or "Top level", model)
    for name, field in fields_of(model).items():
        origin, arguments = get_origin(field.annotation), get_args(field.annotation)
        within: Any = field.annotation
        title = f"{prefix.strip('[]')}.{name}" if prefix else name
        if origin in TABLES:
            within, title = arguments[1], f"{title}.<name>"
        elif origin is tuple:
            within, title = arguments[0], f"[{title}]"
        if title == "fields.<name>.reduction":
            continue  # the same keys as [reduction]
        models = inner_models(within)
        for inner in models:
            kind = _kind(inner)
            yield from (
                (f"{step} kind={kind}" if kind and " kind=" not in step else step, inner_model)
                for step, inner_model in _sections(inner, title)
            )


def _kind(model: type) -> str:
    """The one value that `kind` can have in a table of several sorts; "" where it is a choice or not there."""
    tag = fields_of(model).get("kind")
    return str(tag.default) if tag is not None and len(get_args(tag.annotation)) == 1 else ""


def _section(title: str, model: type) -> str:
    name, _, kind = title.partition(" kind=")
    heading = (
        "## Top level\n"
        if title == "Top level"
        else f"## `[{name}]`" + (f", kind `{kind}`\n" if kind else "\n")
    )
    rows = ["| key | type | default | meaning |", "|---|---|---|---|"]
    for key, field in fields_of(model).items():
        if _is_table(field.annotation):
            continue
        default = "required" if field.is_required() else _default(field)
        meaning = field.description or _from_docstring(model, key)
        rows.append(f"| `{key}` | {_type(field.annotation)} | {default} | {meaning} |")
    doc = (model.__doc__ or "").strip().splitlines()[0] + "\n"
    body = "\n".join(rows) + "\n" if len(rows) > 2 else ""
    return "\n".join(part for part in (heading, doc, body) if part)


def _from_docstring(model: type, key: str) -> str:
    """What the class, or one that it extends, says of a key: "key: meaning.", to the next "name:" or the end."""
    if key == "kind" and _kind(model):
        return "Which kind this is."
    for base in model.__mro__:
        text = " ".join((base.__doc__ or "").split())
        match = re.search(rf"(?:^|[.)] |, ){key}(?:, \w+)*: (.*?\.)(?= \w+(?:, \w+)*: |$)", text)
        if match:
            return match[1][0].upper() + match[1][1:]
    return ""


def _is_table(annotation: Any) -> bool:
    origin, arguments = get_origin(annotation), get_args(annotation)
    within = arguments[-1] if origin in TABLES else arguments[0] if origin is tuple else annotation
    return bool(inner_models(within))


def _default(field: Any) -> str:
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined or value is None or value in ({}, (), ""):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _type(annotation: Any) -> str:
    names = {
        str: "text",
        int: "integer",
        float: "number",
        bool: "true or false",
        Path: "path",
        type(None): "",
    }
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(arguments[0])
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in arguments)
    if origin in TABLES:
        return f"table of {_type(arguments[1])}s"
    if origin in (tuple, list):
        return f"list of {_type(arguments[0])}s"
    if arguments:
        return " or ".join(part for part in map(_type, arguments) if part)
    return names.get(annotation, getattr(annotation, "__name__", str(annotation)))


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference(), encoding="utf-8")
