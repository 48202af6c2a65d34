"""Checks of any route against its OpenAPI document: every option, and questions drawn from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from fieldwright.serving import endpoint as http
from fieldwright.serving.hosting.champion import Champion

Effect = tuple[Any, str]
"""The value of an option, and a part of the sentence that refuses it; "" where the answer must change."""


@pytest.fixture(scope="session")
def check_options(ask: Callable[..., httpx.Response]) -> Callable[..., None]:
    """Checks that a route honours or refuses every option that it declares, and each of the others in a table.

    `check_options(champion, path, table, json=...)`: path to a POST route, table from option to effects.
    """

    def declared(champion: Champion, path: str) -> set[str]:
        document = ask(champion, "GET", "/docs.json").json()
        operation = document["paths"][path]["post"]
        names = {one["name"] for one in operation.get("parameters", ())}
        schemas = [next(iter(operation["requestBody"]["content"].values()))["schema"]]
        for schema in schemas:
            schemas += schema.get("oneOf", [])
            if "$ref" in schema:
                schemas.append(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
            names |= set(schema.get("properties", ()))
        return names - FILES

    def check(champion: Champion, path: str, table: dict[str, list[Effect]], **request: Any) -> None:
        assert declared(champion, path) <= set(table)
        kind = "json" if "json" in request else "data"
        before = ask(champion, "POST", path, **request)
        assert before.status_code == 200, before.text
        for option, effects in table.items():
            for value, says in effects:
                changed = request | {kind: request.get(kind, {}) | {option: value}}
                reply = ask(champion, "POST", path, **changed)
                if says:
                    assert reply.status_code == 422, (option, reply.text)
                    assert says in reply.json()["error"]
                else:
                    assert reply.status_code == 200, (option, reply.text)
                    assert reply.content != before.content, f"{option} = {value} changes nothing"
        for header, media_type in (("*/*", "application/json"), ("application/*;q=0.1", "application/json")):
            reply = ask(champion, "POST", path, **request, headers={"Accept": header})
            assert reply.headers["content-type"] == media_type
            assert reply.headers["vary"] == "Accept"
        refused = ask(
            champion, "POST", path, **request, headers={"Accept": "text/plain, application/json;q=0"}
        )
        assert refused.status_code == 406
        assert "The header 'Accept' must allow application/json" in refused.json()["error"]

    return check


BEYOND_A_SCHEMA = (
    "The parameters must lie where the model can still compute",
    "Every query must lie inside the domain of the training runs",
    "The place of a 'point' quantity must",
    "Quantities must differ in the labels",
    "Points and parameters must lie where the equation was solved",
    "Points must lie where the solution can still compute",
    "'parameters' must be one object for all",
    "A derivative must be named",
    "A derivative can be of order",
    "A shape must",
    "A signed distance must",
    "An outline must",
    "A photo must",
    "The photo must",
    "The mask must",
    "The picture must",
    "A map must",
    "A protocol must",
    "'answer' must be an answer",
    "'std' goes with",
    "A request must hold at least one",
    "The scale must be given",
    "'scale_error' must come with",
    "'picture' must come with",
    "'pictures' must come with",
    "'before_probability' must come with",
    "'before_std' must come with",
    "'after_probability' must come with",
    "'after_std' must come with",
    "An option must be given once",
)
"""How refusals begin of what fits the schema and still cannot be answered."""


@pytest.fixture(scope="session")
def check_interface() -> Callable[..., None]:
    """Checks an endpoint by questions drawn from its OpenAPI document, with all of schemathesis' checks.

    What fits the document is answered in its words, or refused for a reason that no schema can express; what does not
    fit is refused. unlikely: paths of which few drawn questions can be answered.
    """
    import schemathesis
    from hypothesis import HealthCheck, Phase, given, settings
    from schemathesis import GenerationMode
    from schemathesis.specs.openapi.checks import positive_data_acceptance

    def check(
        champion: Champion, paths: set[str], examples: int, unlikely: frozenset[str] = frozenset()
    ) -> None:
        schema = schemathesis.openapi.from_asgi("/docs.json", http.Endpoint(champion).app())
        schema.validate()
        statuses: dict[tuple[str, str], set[int]] = {}

        def run(operation: Any, mode: GenerationMode) -> None:
            @settings(
                max_examples=examples,
                deadline=None,
                derandomize=True,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(operation.as_strategy(generation_mode=mode))
            def answered(case: Any) -> None:
                reply = case.call()
                beyond = reply.status_code == 422 and reply.json()["error"].startswith(BEYOND_A_SCHEMA)
                case.validate_response(reply, excluded_checks=[positive_data_acceptance] if beyond else [])
                statuses.setdefault((operation.path, mode.name), set()).add(reply.status_code)

            answered()

        operations = [found.ok() for found in schema.get_all_operations()]
        for operation in operations:
            if operation.path in paths:
                run(operation, GenerationMode.POSITIVE)
                if operation.method == "post":
                    run(operation, GenerationMode.NEGATIVE)
        assert {path for path, _ in statuses} == paths
        for (path, mode), reached in statuses.items():
            by_chance = path.startswith(PHOTO_PATHS) or path in unlikely
            assert mode == "NEGATIVE" or by_chance or 200 in reached, path
            assert mode == "POSITIVE" or not reached & {200, 500}, path

    return check


PHOTO_PATHS = (
    "/classify",
    "/explain",
    "/segment",
    "/measure",
    "/compare",
    "/corrections",
    "/jobs",
    "/protocol",
)
"""Where drawn bytes are no pictures."""
FILES = {"photo", "mask", "probability", "std", "before", "after", "before_mask", "after_mask", "answer"}
"""What a request may hold beside its options."""
