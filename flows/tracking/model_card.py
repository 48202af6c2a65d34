"""The card of a registered version: what it learned from, where it may be asked, how wrong it is, why it serves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fieldwright.flows.tracking.versions.promotion import Decision
from fieldwright.surrogates.model import Model

MODEL_CARD = "model_card.md"
"""File of a pipeline's MLflow run."""
SHOWN_ERRORS = ("relative_l2.mean", "relative_l2.max", "r2")


def model_card(model: Model, tags: Mapping[str, str], version: str, decision: Decision) -> str:
    """Markdown of the version: decision, data, domain, errors, coverage, limits and how to query it.

    Parameters
    ----------
    model
        As it is registered.
    tags
        Of the version.
    decision
        Of its promotion.
    """
    about = model.description.model_dump(mode="json")
    name = about["name"]
    samples = tags.get("samples", "samples")
    number = tags.get("n_samples", "0")
    count = f" from {number} {samples}" if number != "0" else ""
    parts = [
        f"# {name}, version {version}",
        f"Kind `{about['kind']}`{count}, seed {about['seed']}; {tags.get('metric', 'score')} "
        f"{_number(tags.get('score'))} by cross-validation or on what was held out (lower is better).",
        "## Promotion",
        decision.markdown(),
        *_section("Domain", _domain(about)),
        *_section("Answers and errors", _answers(about)),
        *_section("Coverage", _coverage(about)),
        *_section("Limits", _limits(about)),
        "## How to query",
        _query(name, model.example() or {}),
    ]
    return "\n\n".join(parts) + "\n"


def _section(title: str, text: str) -> list[str]:
    return [f"## {title}", text] if text else []


def _domain(about: Mapping[str, Any]) -> str:
    rows = [
        (one["name"], _number(one["minimum"]), _number(one["maximum"]), one["unit"])
        for one in (*(about.get("coordinates") or ()), *(about.get("parameters") or ()))
    ]
    return _table(("parameter", "least", "most", "unit"), rows)


def _answers(about: Mapping[str, Any]) -> str:
    errors = about.get("errors") or {}
    rows = []
    for one in about.get("fields") or about.get("outputs") or ():
        of_field = errors.get(one["name"], {})
        of_field = of_field if isinstance(of_field, Mapping) else {"relative_l2.mean": of_field}
        rows.append((one["name"], one.get("unit", ""), *(_number(of_field.get(key)) for key in SHOWN_ERRORS)))
    if rows:
        return _table(("field", "unit", "mean relative L2", "worst", "R2"), rows)
    metrics = about.get("metrics") or (
        errors if all(not isinstance(one, Mapping) for one in errors.values()) else {}
    )
    return _table(("measure", "value"), [(key, _number(value)) for key, value in metrics.items()])


def _coverage(about: Mapping[str, Any]) -> str:
    if about.get("coverage") is None:
        return ""
    text = f"Bands are calibrated for {about['coverage']:.0%} of new {'runs' if about.get('fields') else 'samples'}."
    achievable = about.get("achievable")
    if achievable:
        text += (
            f" With {achievable['places']} to calibrate by they cover {achievable['low']:.0%} to "
            f"{achievable['high']:.0%} in nine of ten such studies."
        )
    return text


def _limits(about: Mapping[str, Any]) -> str:
    sentences = [
        "Outside the domain an answer is marked `inside = false`: it is an extrapolation, and its band says nothing.",
        *about.get("notes", ()),
    ]
    return "\n".join(f"- {one}" for one in sentences)


def _query(name: str, example: Mapping[str, np.ndarray]) -> str:
    code = ["```python", "import mlflow", "", f'model = mlflow.pyfunc.load_model("models:/{name}@champion")']
    if example:
        columns = [f'    "{column}": [{float(values[0]):.6g}],' for column, values in example.items()]
        code += [
            "",
            "import pandas as pd",
            "",
            "table = pd.DataFrame({",
            *columns,
            "})",
            "model.predict(table)",
        ]
    return "\n".join(
        [
            *code,
            "```",
            "",
            f"Over HTTP: `fieldwright serve` on the study, then `/docs` of the endpoint; model `{name}`.",
        ]
    )


def _number(value: Any) -> str:
    try:
        return f"{float(value):.4g}"
    except (TypeError, ValueError):
        return "-"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
