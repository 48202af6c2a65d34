"""The table `[schedule]` of a study file."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from pydantic import Field, field_validator

from fieldwright.flows.study.section import Section


class ScheduleSection(Section):
    """When the study runs by itself, once `fieldwright schedule` has registered it."""

    cron: str = Field(
        description="Five fields: minute, hour, day of month, month, day of week; "
        '`"0 2 * * *"` for every night at two.'
    )
    timezone: str = Field(
        "UTC",
        description='IANA name of the time zone in which the cron is read, such as `"Europe/Berlin"`; summer time is '
        "followed.",
    )

    @field_validator("cron")
    @classmethod
    def _fires(cls, cron: str) -> str:
        return valid_cron(cron, "schedule.cron")

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, timezone: str) -> str:
        try:
            ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(
                f"'schedule.timezone' must be an IANA name of a time zone, such as 'Europe/Berlin', not {timezone!r}"
            ) from None
        return timezone


def valid_cron(cron: str, key: str) -> str:
    """The expression with single spaces; raises ValueError, which names the key, where it never fires."""
    try:
        if len(cron.split()) != 5:
            raise CronSimError(f"{len(cron.split())} fields")
        next(CronSim(cron, datetime.now(UTC)))
    except (CronSimError, StopIteration) as error:
        raise ValueError(
            f"'{key}' must be a cron expression of five fields (minute hour day month weekday) that "
            f'fires, such as "0 2 * * *" for every night at two, not {cron!r} ({error or "it never fires"})'
        ) from None
    return " ".join(cron.split())
