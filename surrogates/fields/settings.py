"""Settings from a study file or an artifact, checked and turned into the config of their kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from fieldwright.data.errors import StudyError

Config = TypeVar("Config", bound=BaseModel)


def config_of(settings: Mapping[str, Any], configs: Mapping[str, type[Config]], role: str) -> Config:
    """The config that `settings["kind"]` names among the configs; raises StudyError in one sentence.

    role: its name in messages, "candidate" or "reduction".
    """
    kind = settings.get("kind")
    if not isinstance(kind, str) or kind not in configs:
        raise StudyError(
            f"The 'kind' of a {role} must be one of {', '.join(sorted(configs))}",
            "none" if kind is None else f"'{kind}'",
            "Correct it in the study file",
        )
    try:
        return configs[kind].model_validate(dict(settings))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(step) for step in first["loc"])
        if first["type"] == "extra_forbidden":
            names = ", ".join(key for key in configs[kind].model_fields if key != "kind")
            raise StudyError(
                f"A setting of the {role} '{kind}' must be one of {names}",
                f"'{name}'",
                "Correct or remove it",
            ) from error
        raise StudyError(
            f"The setting '{name}' of the {role} '{kind}' must be valid: {first['msg']}",
            repr(first["input"]),
            "Correct it in the study file",
        ) from error


def accepted_settings(config: type[BaseModel], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that are fields of the config."""
    return {name: value for name, value in settings.items() if name in config.model_fields}
