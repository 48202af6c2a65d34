"""Settings from a study file or an artifact, checked and turned into the config of their kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from fieldwright.data.errors import StudyError

Config = TypeVar("Config", bound=BaseModel)


def config_of(settings: Mapping[str, Any], configs: Mapping[str, type[Config]], what: str) -> Config:
    """The config that `settings["kind"]` names among the configs; raises StudyError in one sentence.

    what: how a message calls it, "candidate" or "reduction".
    """
    kind = settings.get("kind")
    if not isinstance(kind, str) or kind not in configs:
        raise StudyError(
            f"The 'kind' of a {what} must be one of {', '.join(sorted(configs))}",
            "none" if kind is None else f"'{kind}'",
            "Correct it in the study file",
        )
    try:
        return configs[kind].model_validate(dict(settings))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(step) for step in first["loc"])
        if first["type"] == "extra_forbidden":
            known = ", ".join(key for key in configs[kind].model_fields if key != "kind")
            raise StudyError(
                f"A setting of the {what} '{kind}' must be one of {known}",
                f"'{name}'",
                "Correct or remove it",
            ) from error
        raise StudyError(
            f"The setting '{name}' of the {what} '{kind}' must be valid: {first['msg']}",
            repr(first["input"]),
            "Correct it in the study file",
        ) from error


def taken(config: type[BaseModel], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the settings that a config has."""
    return {name: value for name, value in settings.items() if name in config.model_fields}
