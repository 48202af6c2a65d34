"""`fieldwright schedule`: a study becomes a deployment of the workplace, or of a Prefect server of the user's own."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError
from rich.console import Console

from fieldwright.data.errors import StudyError
from fieldwright.flows.study.file import StudyFile
from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.study.schedule_section import ScheduleSection
from fieldwright.flows.workplace.presence import running_workplace
from fieldwright.flows.workplace.registered_studies import RegisteredStudy, register, unregister

UP = "`fieldwright up` will run it"


def schedule_study(study: StudyFile, cron: str | None, timezone: str | None, console: Console) -> None:
    """Registers the study with its schedule: that of the command line, else that of the study file."""
    section = _schedule(study, cron, timezone)
    record = RegisteredStudy(study.name, str(study.path), section.cron, section.timezone, _drift_cron(study))
    api, is_own = _server()
    _try_cron(record)
    if not is_own:
        register(record)
    if api is None:
        _say(console, f"{_sentence(record)} No workplace runs here: {UP}.")
        return
    from fieldwright.flows.workplace.deployments import POOL, deploy, make_pool, prefect_client

    with prefect_client(api) as client:
        make_pool(client)
        deploy(client, record)
    where = f"the Prefect server at {api}" if is_own else "the workplace, which is running"
    _say(console, f"{_sentence(record)} It is a deployment of {where}.")
    if is_own:
        _say(console, f"A worker runs it: prefect worker start --pool {POOL}")


def unschedule_study(name: str, console: Console) -> None:
    """Takes the study out of the workplace, or from the user's own Prefect server."""
    api, is_own = _server()
    removed = False if is_own else unregister(name)
    if api is not None:
        from fieldwright.flows.workplace.deployments import prefect_client, take_away

        with prefect_client(api) as client:
            removed = take_away(client, name) or removed
    if not removed:
        raise StudyError(
            "A study to be taken away must be registered",
            f"'{name}', which is not",
            "Register it by `fieldwright schedule STUDY.toml`",
        )
    _say(console, f"'{name}' runs by itself no longer. What it has learned stays.")


def registered(study: StudyFile) -> RegisteredStudy:
    """The record of a study as its file alone says it; without `[schedule]` it runs on demand."""
    drift = _drift_cron(study)
    if study.schedule is None:
        return RegisteredStudy(study.name, str(study.path), drift=drift)
    schedule = study.schedule
    return RegisteredStudy(study.name, str(study.path), schedule.cron, schedule.timezone, drift)


def _drift_cron(study: StudyFile) -> str:
    return study.drift.cron if isinstance(study, Study) else ""


def _schedule(study: StudyFile, cron: str | None, timezone: str | None) -> ScheduleSection:
    entries = study.schedule.model_dump() if study.schedule else {}
    entries |= {key: text for key, text in (("cron", cron), ("timezone", timezone)) if text is not None}
    if "cron" not in entries:
        raise StudyError(
            "A schedule must have a cron expression",
            f"neither --cron nor `[schedule]` in {Path(study.path).name}",
            'Write, for every night at two, --cron "0 2 * * *"',
        )
    try:
        return ScheduleSection.model_validate(entries)
    except ValidationError as error:
        message = str(error.errors(include_url=False)[0]["msg"]).removeprefix("Value error, ")
        must, _, got = message.replace("'schedule.", "'--").partition(", not ")
        raise StudyError(must, got, "Correct it") from None


def _server() -> tuple[str | None, bool]:
    """The Prefect server to register with, if there is one yet, and whether it is one of the user's own."""
    workplace = running_workplace()
    if workplace is not None:
        return workplace.prefect_api, False
    from prefect.settings import get_current_settings

    address = get_current_settings().api.url
    return address, address is not None


def _try_cron(record: RegisteredStudy) -> None:
    """What one reader of cron takes, another may refuse."""
    from prefect.client.schemas.schedules import CronSchedule

    try:
        CronSchedule(cron=record.cron, timezone=record.timezone)
    except ValidationError as error:
        raise StudyError(
            "The cron expression must be one that Prefect reads",
            f"'{record.cron}' ({error.errors(include_url=False)[0]['msg']})",
            'Write, for every night at two, --cron "0 2 * * *"',
        ) from None


def _sentence(record: RegisteredStudy) -> str:
    from fieldwright.flows.workplace.deployments import next_times

    (first,) = next_times(record)
    return f"'{record.name}' runs at {record.times}, next on {first:%A %d %B %Y at %H:%M %Z}."


def _say(console: Console, line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)
