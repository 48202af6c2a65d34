"""What has become of a study's versions, kept as tags of its registered model: every machine sees the same record.

Each event is a tag of its own, `history.<time>-<number>`, whose value is JSON: two machines that write at once lose
nothing, and any tracking store keeps it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Literal

from mlflow.exceptions import MlflowException

from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.sqlite_reading import BECAME

Kind = Literal["promoted", "not promoted", "rolled back"]
PREFIX = "history."
TIME_FORMAT = "%Y%m%dT%H%M%S%f"
MOST_WORDS = 2000
"""Letters of a reason: a tag of a registered model holds 5000 in a database."""


@dataclass(frozen=True)
class VersionEvent:
    """One thing that became of a version.

    kind: what. version: the one that it is about; of a roll-back, the one that is champion again. before: the
    champion before, empty for none. by: user@host, or the pipeline. why: in words. run_id: of the pipeline's MLflow
    run. time: in UTC, as ISO 8601.
    """

    time: str
    kind: Kind
    version: str
    before: str
    by: str
    why: str
    run_id: str = ""

    @classmethod
    def now(cls, kind: Kind, version: str, before: str, by: str, why: str, run_id: str = "") -> VersionEvent:
        """What has just become of a version."""
        cut = why if len(why) <= MOST_WORDS else f"{why[: MOST_WORDS - 1]}…"
        return cls(
            datetime.now(UTC).isoformat(timespec="microseconds"), kind, version, before, by, cut, run_id
        )


class VersionHistory:
    """The events of one study's registered model, oldest first."""

    def __init__(self, tracking: Tracking) -> None:
        self._tracking = tracking

    def events(self) -> list[VersionEvent]:
        """All of them; none where nothing is registered yet."""
        try:
            tags = self._tracking.client.get_registered_model(self._tracking.name).tags
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return []
            raise
        return [VersionEvent(**json.loads(tags[key])) for key in sorted(tags) if key.startswith(PREFIX)]

    def record(self, event: VersionEvent) -> None:
        """Adds an event; the model must be registered."""
        moment = datetime.fromisoformat(event.time)
        key = f"{PREFIX}{moment:{TIME_FORMAT}}-{secrets.token_hex(3)}"
        self._tracking.client.set_registered_model_tag(
            self._tracking.name, key, json.dumps(asdict(event), ensure_ascii=False)
        )
        if event.kind != "not promoted":
            became = f"{event.kind} by {event.by} on {event.time[:10]}: {event.why}"
            self._tracking.client.set_model_version_tag(self._tracking.name, event.version, BECAME, became)


def champions_in_order(events: Sequence[VersionEvent], champion: str | None) -> list[str]:
    """The champions that a roll-back goes back through, the present one last.

    Each promotion adds one and each roll-back takes the last one away. A champion that somebody has set without these
    commands, in MLflow's own pages, counts from where it is met.
    """
    order: list[str] = []

    def meet(version: str | None) -> None:
        if version and order[-1:] != [version]:
            order.append(version)

    for event in events:
        if event.kind == "promoted":
            meet(event.before)
            meet(event.version)
        elif event.kind == "rolled back":
            meet(event.before)
            while event.version in order and order[-1] != event.version:
                order.pop()
            meet(event.version)
    if champion is not None:
        meet(champion)
    return order


def withdrawn_versions(events: Sequence[VersionEvent]) -> dict[str, VersionEvent]:
    """Versions that were rolled back and not promoted since, with the roll-back that did it."""
    withdrawn: dict[str, VersionEvent] = {}
    for event in events:
        if event.kind == "rolled back":
            withdrawn[event.before] = event
        if event.kind in ("promoted", "rolled back"):
            withdrawn.pop(event.version, None)
    return withdrawn


def champion_state(tracking: Tracking) -> tuple[str | None, Mapping[str, str]]:
    """Number and tags of the champion; None and nothing where there is none."""
    champion = tracking.registry.champion()
    return (None, {}) if champion is None else (champion.version, champion.tags)
