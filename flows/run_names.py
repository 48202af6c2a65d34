"""Names of pipelines: the study, the date, and which of that day it is, such as `plate-2026-11-29-1`."""

from __future__ import annotations

import fcntl
import json
from datetime import date
from pathlib import Path

from fieldwright.data.environment import home


def next_run_name(study: str) -> str:
    """The name of the next pipeline of a study; each name is given once in a home."""
    place = home() / "locks" / f"{study}.count"
    place.parent.mkdir(parents=True, exist_ok=True)
    today = date.today().isoformat()
    with place.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        count = _count(file.read(), today) + 1
        file.seek(0)
        file.truncate()
        json.dump({"date": today, "count": count}, file)
    return f"{study}-{today}-{count}"


def flow_run_name() -> str:
    """The name of a flow run of Prefect, which calls this as the run begins."""
    from prefect.runtime import flow_run

    from fieldwright.data.errors import FieldwrightError
    from fieldwright.flows.study.loading import load_study

    path = Path(str(flow_run.parameters["study_path"]))
    try:
        return next_run_name(load_study(path).name)
    except FieldwrightError:
        # What is wrong with the file is said by the flow itself.
        return path.parent.name or path.name


def _count(text: str, today: str) -> int:
    try:
        before = json.loads(text)
        return int(before["count"]) if before["date"] == today else 0
    except (ValueError, KeyError, TypeError):
        return 0
