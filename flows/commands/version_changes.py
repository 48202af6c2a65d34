"""Promotions and roll-backs by hand, and the record of all of them."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from fieldwright.data.errors import ModelError, StudyError
from fieldwright.flows.drift.shadow_summary import shadow_sentence
from fieldwright.flows.study.file import StudyFile
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.model_registry import ModelVersion
from fieldwright.flows.tracking.user import user_at_host
from fieldwright.flows.tracking.versions.challenger import challenger_of, retire
from fieldwright.flows.tracking.versions.version_history import (
    VersionEvent,
    VersionHistory,
    champions_in_order,
)
from fieldwright.surrogates.families import load_model

MARKS = {"promoted": "promoted", "not promoted": "not promoted", "rolled back": "champion again"}


def promote_version(study: StudyFile, number: str | None, why: str) -> VersionEvent:
    """Makes a version champion by hand, the challenger if None; raises FieldwrightError and then changes nothing."""
    reason = _reason(why)
    tracking = Tracking.of(study)
    version = _challenger(tracking) if number is None else tracking.registry.numbered(number)
    champion = tracking.registry.champion()
    if champion is not None and champion.version == version.version:
        raise ModelError(
            "The version to be promoted must not be the champion already",
            f"version {version.version} of '{study.name}', the champion",
            "Nothing is to be done; `fieldwright history` shows the others",
        )
    check_loads(tracking, version)
    tracking.registry.promote(version)
    retire(tracking, version)
    return _recorded(tracking, "promoted", version, champion, reason)


def roll_back(study: StudyFile, why: str) -> VersionEvent:
    """Makes the champion before the champion again; raises FieldwrightError and then changes nothing."""
    reason = _reason(why)
    tracking = Tracking.of(study)
    champion = tracking.registry.champion()
    history = VersionHistory(tracking)
    order = champions_in_order(history.events(), champion and champion.version)
    if champion is None or len(order) < 2:
        raise ModelError(
            "A roll-back must have a champion before the present one to go back to",
            f"version {champion.version} alone" if champion else f"no champion of '{study.name}' yet",
            "Promote another version: `fieldwright history` shows them"
            if champion
            else "Run the study first",
        )
    version = tracking.registry.numbered(order[-2])
    check_loads(tracking, version)
    tracking.registry.promote(version)
    retire(tracking, version)
    return _recorded(tracking, "rolled back", version, champion, reason)


def check_loads(tracking: Tracking, version: ModelVersion) -> None:
    """Raises ModelError where the version's files are missing or make no model."""
    with tempfile.TemporaryDirectory(prefix="fieldwright-version-") as folder:
        load_model(tracking.registry.download(version, Path(folder)))


def print_history(study: StudyFile, console: Console) -> None:
    """Prints what became of all versions, the oldest first."""
    tracking = Tracking.of(study)
    events = VersionHistory(tracking).events()
    rows = [(_moment(one.time), one.version, MARKS[one.kind], one.by, one.why) for one in events]
    rows += _unrecorded(tracking, {one.version for one in events})
    if not rows:
        console.print(f"'{study.name}' has no registered version yet; run it first.", markup=False)
        return
    champion, challenger = tracking.registry.champion(), challenger_of(tracking)
    table = Table(title=f"History of '{study.name}'", title_justify="left")
    for column in ("when", "version", "what", "by", "why"):
        table.add_column(column, overflow="fold")
    for row in sorted(rows):
        table.add_row(*row)
    console.print(table)
    sentence = shadow_sentence(study.name)
    if sentence:
        console.print(f"{sentence[0].upper()}{sentence[1:]}.", markup=False, soft_wrap=True)
    for name, one in (("champion", champion), ("challenger", challenger)):
        if one is not None:
            console.print(f"The {name} is version {one.version} ({one.tags.get('candidate')}).", markup=False)


def _unrecorded(tracking: Tracking, recorded: set[str]) -> list[tuple[str, str, str, str, str]]:
    """Versions that an earlier release has registered, or another program."""
    versions = tracking.client.search_model_versions(f"name = '{tracking.name}'")
    return [
        (
            _moment(datetime.fromtimestamp(one.creation_timestamp / 1000, UTC).isoformat()),
            str(one.version),
            "registered",
            one.user_id or "",
            "",
        )
        for one in versions
        if str(one.version) not in recorded
    ]


def _challenger(tracking: Tracking) -> ModelVersion:
    version = challenger_of(tracking)
    if version is None:
        raise ModelError(
            "Without a number there must be a challenger to promote",
            f"none of '{tracking.name}'",
            "Give the number of a version; `fieldwright history` shows them",
        )
    return version


def _recorded(
    tracking: Tracking, kind: str, version: ModelVersion, champion: ModelVersion | None, why: str
) -> VersionEvent:
    before = champion.version if champion else ""
    event = VersionEvent.now(kind, version.version, before, user_at_host(), why)  # type: ignore[arg-type]
    VersionHistory(tracking).record(event)
    return event


def _reason(why: str) -> str:
    if not why.strip():
        raise StudyError(
            "A promotion or roll-back by hand must have a reason", "none", 'Give it by --why "..."'
        )
    return why.strip()


def _moment(time: str) -> str:
    return datetime.fromisoformat(time).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
