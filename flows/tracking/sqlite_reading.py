"""What a tracking store says of a study, read without MLflow where the store is a SQLite file.

MLflow's import and its client take seconds, of which the reading itself is milliseconds.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from fieldwright.data.tracking_file import default_uri, has_moved, sqlite_path

CHAMPION = "champion"
"""The alias of the model version that endpoints serve."""
BECAME = "became_champion"
"""Tag of a version that was made champion: how, by whom and why, of the last time."""
MEGABYTES = "megabytes"
"""Tag of a pipeline's run: what it takes in MLflow, with its candidates and its model."""
REPORT = "report.json"
"""File of a pipeline's run."""
PIPELINES = """
    SELECT {columns} FROM runs JOIN experiments USING (experiment_id)
    WHERE experiments.name = ? AND runs.lifecycle_stage = 'active'
    AND run_uuid IN (SELECT run_uuid FROM tags WHERE key = 'role' AND value = 'pipeline') {more}
    ORDER BY start_time DESC LIMIT 1
"""
LAST = PIPELINES.format(columns="run_uuid, status", more="")
FINISHED = PIPELINES.format(
    columns="artifact_uri",
    more="AND run_uuid IN (SELECT run_uuid FROM tags WHERE key = 'inputs' AND value = ?) AND status = 'FINISHED'",
)
RUNNING = """
    SELECT 1 FROM runs JOIN experiments USING (experiment_id)
    WHERE experiments.name = ? AND runs.lifecycle_stage = 'active' AND status = 'RUNNING'
"""


@dataclass(frozen=True)
class StudyState:
    """The last pipeline and the champion.

    Attributes
    ----------
    last
        Status and tags of the last pipeline; None before the first one.
    champion
        Number of the champion's version; None where there is none.
    tags
        Of the champion's version.
    """

    last: Mapping[str, str] | None
    champion: str | None
    tags: Mapping[str, str]


def study_state(uri: str | None, name: str) -> StudyState | None:
    """The state of the study `name` in the tracking store at `uri`, or at the default place.

    Returns
    -------
    StudyState or None
        None where the store is no SQLite file, or one of another release of MLflow: MLflow is to be asked then.
    """
    path = sqlite_path(uri or default_uri())
    if path is None or not path.exists():
        return None
    with contextlib.suppress(sqlite3.Error), _opened(path) as database:
        return _state(database, name)
    return None


def finished_report(uri: str | None, name: str, inputs: str) -> Any:
    """The report, as JSON types, of the last finished pipeline with these inputs, whose version is still there.

    Returns
    -------
    Any
        None where there is none; where a pipeline is left RUNNING, which may have been killed; where the store was
        moved; and where it is no SQLite file: MLflow is to be asked then.
    """
    path = sqlite_path(uri or default_uri())
    if path is None or not path.exists() or has_moved(path):
        return None
    with contextlib.suppress(sqlite3.Error, OSError, ValueError), _opened(path) as database:
        if database.execute(RUNNING, (name,)).fetchall():
            return None
        folders = database.execute(FINISHED, (name, inputs)).fetchall()
        url = urlsplit(str(folders[0][0])) if folders else None
        if url is None or url.scheme not in ("", "file"):
            return None
        report = json.loads((Path(unquote(url.path)) / REPORT).read_text(encoding="utf-8"))
        version = "SELECT 1 FROM model_versions WHERE name = ? AND version = ?"
        return report if database.execute(version, (name, report["version"])).fetchall() else None
    return None


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30.0)) as database:
        yield database


def _state(database: sqlite3.Connection, name: str) -> StudyState:
    runs = database.execute(LAST, (name,)).fetchall()
    last = None
    if runs:
        ((run, status),) = runs
        last = {"status": status} | dict(
            database.execute("SELECT key, value FROM tags WHERE run_uuid = ?", (run,)).fetchall()
        )
    aliases = database.execute(
        "SELECT version FROM registered_model_aliases WHERE name = ? AND alias = ?", (name, CHAMPION)
    ).fetchall()
    if not aliases:
        return StudyState(last, None, {})
    ((version,),) = aliases
    tags = database.execute(
        "SELECT key, value FROM model_version_tags WHERE name = ? AND version = ?", (name, version)
    ).fetchall()
    return StudyState(last, str(version), dict(tags))
