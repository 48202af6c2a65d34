"""A candidate that learns each field by the settings of another candidate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, SerializeAsAny

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.regressors import KindConfig, kind_config

PER_FIELD = "per field"
"""Kind and label of the candidate."""


def _config(settings: Any) -> KindConfig:
    return settings if isinstance(settings, KindConfig) else kind_config(settings)


class PerField(KindConfig):
    """The settings of each field, and the label of the candidate that they are of.

    No study names it: it is made of candidates that have been evaluated. The settings that it has from its base class
    are without effect; those of each field hold.
    """

    kind: Literal["per field"] = PER_FIELD
    labels: dict[str, str]
    fields: dict[str, SerializeAsAny[Annotated[KindConfig, BeforeValidator(_config)]]]

    def of_field(self, name: str) -> KindConfig:
        """The settings by which the field is learned."""
        return self.fields[name]

    @property
    def sentence(self) -> str:
        """Which candidate learns which field."""
        pairs = ", ".join(f"'{name}' by {label}" for name, label in self.labels.items())
        return f"Each field is learned by the candidate that predicts it best: {pairs}"


def candidate_config(settings: Mapping[str, Any]) -> KindConfig:
    """The config of any trained candidate; raises StudyError."""
    if settings.get("kind") == PER_FIELD:
        return PerField.model_validate(dict(settings))
    return kind_config(settings)


def fields_by_config(config: KindConfig, names: Iterable[str]) -> list[tuple[KindConfig, list[str]]]:
    """Each config with the fields that it learns, in the order of the fields."""
    groups: list[tuple[KindConfig, list[str]]] = []
    for name in names:
        of_field = config.of_field(name)
        group = next((names for other, names in groups if other == of_field), None)
        if group is None:
            groups.append((of_field, [name]))
        else:
            group.append(name)
    return groups


def check_without_forecast(config: KindConfig, names: Iterable[str], history: int) -> None:
    """Raises ModelError where fields that are forecast should be learned by different candidates."""
    groups = fields_by_config(config, names)
    if len(groups) > 1 and (history or any(one.transient == "rollout" for one, _ in groups)):
        raise ModelError(
            "All fields of a model that forecasts must be learned by one candidate",
            ", ".join(f"'{one.kind}' for {', '.join(names)}" for one, names in groups),
            "Set 'per_field = false' in [validation]",
        )
