"""`fieldwright schedule` where no server runs: what is recorded, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from fieldwright.data.errors import StudyError
from fieldwright.flows.study.loading import load_study
from fieldwright.flows.workplace.deployments import next_times
from fieldwright.flows.workplace.presence import Addresses, only_workplace, running_workplace
from fieldwright.flows.workplace.programs import require_free_ports
from fieldwright.flows.workplace.registered_studies import RegisteredStudy, registered_studies
from fieldwright.flows.workplace.scheduling import schedule_study, unschedule_study

IN_FILE = '[schedule]\ncron = "0 2 * * *"\ntimezone = "Europe/Berlin"\n'


def scheduled(path: Path, cron: str | None = None, timezone: str | None = None) -> str:
    console = Console(record=True, width=500)
    schedule_study(load_study(path), cron, timezone, console)
    return console.export_text()


def test_the_file_says_when_and_options_go_before_it(make_study: Callable[..., Path]) -> None:
    path = make_study(n_runs=1, more=IN_FILE)
    said = scheduled(path)
    assert "`fieldwright up` will run it" in said
    assert "at 02:00 CE" in said
    record = RegisteredStudy("beam", str(path), "0 2 * * *", "Europe/Berlin")
    assert registered_studies() == [record]
    scheduled(path, cron="30  6 * * 1-5")
    assert registered_studies() == [RegisteredStudy("beam", str(path), "30 6 * * 1-5", "Europe/Berlin")]
    unschedule_study("beam", Console(quiet=True))
    assert registered_studies() == []
    with pytest.raises(StudyError, match="must be registered"):
        unschedule_study("beam", Console(quiet=True))


@pytest.mark.parametrize(
    ("cron", "timezone", "must"),
    [
        (None, None, "must have a cron expression"),
        ("every day", None, "--cron' must be a cron expression of five fields"),
        ("0 2 * * * *", None, "--cron' must be a cron expression of five fields"),
        ("0 2 30 2 *", None, "--cron' must be a cron expression of five fields"),
        ("0 2 * * *", "Berlin", "--timezone' must be an IANA name"),
        ("0 2 * * *", "../etc", "--timezone' must be an IANA name"),
        ("0 0 LW * *", None, "must be one that Prefect reads"),
    ],
)
def test_a_schedule_that_cannot_be_is_one_sentence(
    cron: str | None, timezone: str | None, must: str, make_study: Callable[..., Path]
) -> None:
    with pytest.raises(StudyError, match=must):
        scheduled(make_study(n_runs=1), cron, timezone)
    assert registered_studies() == []


@pytest.mark.parametrize("line", ['cron = "daily"', 'cron = "0 2 * * *"\ntimezone = "Mars"'])
def test_the_study_file_is_held_to_the_same(line: str, make_study: Callable[..., Path]) -> None:
    path = make_study(n_runs=1, more=f"[schedule]\n{line}\n")
    with pytest.raises(StudyError, match=r"'schedule\.(cron|timezone)' must be"):
        load_study(path)


def test_a_server_of_the_users_own_that_is_away_is_named(
    make_study: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    path = make_study(n_runs=1)
    with (
        temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}),
        pytest.raises(StudyError, match="The Prefect server must answer"),
    ):
        scheduled(path, "0 2 * * *")
    assert registered_studies() == []


def test_a_broken_record_harms_no_other(make_study: Callable[..., Path], own_home: Path) -> None:
    scheduled(make_study(n_runs=1), "0 2 * * *")
    (own_home / "workplace" / "studies" / "other.json").write_text("{")
    assert [one.name for one in registered_studies()] == ["beam"]


def test_times_are_those_of_the_time_zone() -> None:
    times = next_times(RegisteredStudy("a", "/a.toml", "0 4 * * *", "Asia/Kolkata"), 3)
    assert [f"{time:%H:%M %z}" for time in times] == ["04:00 +0530"] * 3


def test_one_workplace_at_a_time(own_home: Path) -> None:
    addresses = Addresses("http://page", "http://prefect", "http://mlflow", "http://endpoint")
    assert running_workplace() is None
    with only_workplace(addresses):
        assert running_workplace() == addresses
        with pytest.raises(StudyError, match="http://page"), only_workplace(addresses):
            pass
    assert running_workplace() is None


def test_a_port_that_is_taken_is_named_with_its_option() -> None:
    import socket

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(StudyError, match=f"Port {port} must be free.*--mlflow-port"):
            require_free_ports({"--port": 0, "--mlflow-port": port})
    with pytest.raises(StudyError, match="must be different"):
        require_free_ports({"--port": 8100, "--mlflow-port": 8100})
    with pytest.raises(StudyError, match="Port 99999 must be free"):
        require_free_ports({"--port": 99999})
