"""`fieldwright up` on the real servers: schedules that fire, parts that die, and ends of every way."""

from __future__ import annotations

import fcntl
import json
import os
import pkgutil
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from prefect.exceptions import ObjectNotFound

from fieldwright.flows.workplace.deployments import ENTRYPOINT, POOL

EXAMPLE = Path(__file__).parents[3] / "examples" / "prefect"
SECOND_CANDIDATE = '[[candidates]]\nkind = "gp"\n'


@pytest.fixture(scope="module")
def workplace(
    tmp_path_factory: pytest.TempPathFactory,
    workplace_in: Callable[..., Any],
    study_in: Callable[..., Path],
) -> Iterator[Any]:
    place = workplace_in(tmp_path_factory.mktemp("workplace"))
    path = study_in(place.folder / "beam", n_runs=8, name="beam")
    path.write_text(path.read_text().replace(SECOND_CANDIDATE, ""))
    study_in(place.folder / "bar", n_runs=8, name="bar")
    # Registered while nothing runs: `up` finds it.
    scheduled = place.command("schedule", "beam/study.toml", "--cron", "* * * * *")
    assert scheduled.returncode == 0, scheduled.stderr
    assert "`fieldwright up` will run it" in scheduled.stdout
    place.start(place.folder / "bar" / "study.toml")
    place.until_running()
    yield place
    if place.process is not None and place.process.poll() is None:
        place.end()


@contextmanager
def study_under_way(place: Any, name: str) -> Iterator[None]:
    """Another run of the study goes on while the block runs, for which those of the workplace wait."""
    (place.home / "locks").mkdir(parents=True, exist_ok=True)
    with (place.home / "locks" / f"{name}.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def under_way(place: Any) -> Iterator[Any]:
    """A run of the first study that goes on while the block runs, as one with much to learn would."""
    every(place, "0 0 1 1 *")
    place.until(lambda: not [run for run in place.runs("beam") if run.state_name in ("Pending", "Running")])
    with study_under_way(place, "beam"):
        yield forced_run(place)


def every(place: Any, cron: str) -> None:
    """Has the first study run by the cron."""
    assert place.command("schedule", "beam/study.toml", "--cron", cron).returncode == 0


def forced_run(place: Any) -> Any:
    """A run on demand that is under way, while no tick comes."""
    every(place, "0 0 1 1 *")
    place.until(lambda: not [run for run in place.runs("beam") if run.state_name in ("Pending", "Running")])
    with place.client() as client:
        deployment = client.read_deployment_by_name("fieldwright/beam")
        run = client.create_flow_run_from_deployment(deployment.id, parameters={"force": True})
        place.until(lambda: client.read_flow_run(run.id).state_name == "Running")
    return run


def completed(place: Any, run: Any) -> Any:
    """The run once it has completed."""
    with place.client() as client:
        return place.until(lambda: (one := client.read_flow_run(run.id)).state_name == "Completed" and one)


def test_a_cron_of_every_minute_leads_to_an_endpoint(workplace: Any) -> None:
    workplace.until(lambda: workplace.study("beam").get("champion") == "version 1")
    workplace.until_running("Prefect server", "Prefect worker", "MLflow server", "Endpoint")
    with urllib.request.urlopen(f"http://127.0.0.1:{workplace.endpoint}/models", timeout=30) as answer:
        assert "beam" in answer.read().decode()
    run = workplace.run("beam", "Completed")
    assert run is not None
    assert run.parameters["study_path"] == str(workplace.folder / "beam" / "study.toml")
    assert {"fieldwright", "beam"} <= set(run.tags)
    # Nothing is left in the folder that it was started from.
    assert {path.name for path in workplace.folder.iterdir()} == {"home", "up.log", "beam", "bar"}


def test_one_page_links_to_all_and_needs_nothing_from_elsewhere(workplace: Any) -> None:
    page = workplace.get("/")
    for port in (workplace.prefect, workplace.mlflow, workplace.endpoint):
        assert f'href="http://127.0.0.1:{port}' in page
    assert "beam" in page
    assert "bar" in page
    assert f'href="http://127.0.0.1:{workplace.mlflow}/#/experiments/' in page
    addresses = re.findall(r"(?:href|src|url)\W+(https?://[^\"']+)", page)
    assert addresses
    assert all(address.startswith("http://127.0.0.1:") for address in addresses)
    printed = workplace.log.read_text()
    assert f"http://127.0.0.1:{workplace.port}" in printed


def test_the_page_of_prefect_asks_its_own_port(workplace: Any) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{workplace.prefect}/ui-settings", timeout=30) as answer:
        assert json.load(answer)["api_url"] == f"http://127.0.0.1:{workplace.prefect}/api"


@pytest.mark.slow
def test_a_second_workplace_says_where_the_first_is(workplace: Any) -> None:
    second = workplace.command("up", "--port", "1")
    assert second.returncode == 2
    assert f"http://127.0.0.1:{workplace.port}" in second.stderr
    assert second.stderr.count("\n") == 1


@pytest.mark.slow
def test_a_second_study_runs_on_demand_and_is_served_beside_the_first(workplace: Any) -> None:
    with workplace.client() as client:
        deployment = client.read_deployment_by_name("fieldwright/bar")
        properties = deployment.parameter_openapi_schema["properties"]  # type: ignore[index]
        assert {"force", "candidates"} <= set(properties)
        run = client.create_flow_run_from_deployment(deployment.id, parameters={"candidates": ["bayes"]})
    workplace.until(lambda: workplace.study("bar").get("champion") == "version 1")
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    with workplace.client() as client:
        tasks = client.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run.id])))
    assert [task.name for task in tasks if task.name.startswith("evaluate")] == ["evaluate bayes"]

    def served() -> bool:
        with urllib.request.urlopen(f"http://127.0.0.1:{workplace.endpoint}/models", timeout=30) as answer:
            text = answer.read().decode()
        return "beam" in text and "bar" in text

    workplace.until(served)


@pytest.mark.slow
def test_a_schedule_of_a_running_workplace_is_changed_and_taken_away(workplace: Any) -> None:
    path = workplace.folder / "bar" / "study.toml"
    path.write_text(path.read_text() + '[drift]\ncron = "0 6 * * 1"\n')
    changed = workplace.command(
        "schedule", "bar/study.toml", "--cron", "0 2 * * *", "--timezone", "Europe/Berlin"
    )
    assert changed.returncode == 0, changed.stderr
    assert "the workplace, which is running" in changed.stdout
    with workplace.client() as client:
        schedule = client.read_deployment_by_name("fieldwright/bar").schedules[0].schedule
        check = client.read_deployment_by_name("fieldwright drift/bar")
    assert (schedule.cron, schedule.timezone) == ("0 2 * * *", "Europe/Berlin")  # type: ignore[union-attr]
    assert check.schedules[0].schedule.cron == "0 6 * * 1"  # type: ignore[union-attr]
    assert check.schedules[0].schedule.timezone == "Europe/Berlin"  # type: ignore[union-attr]
    assert callable(pkgutil.resolve_name(str(check.entrypoint)))
    workplace.until(lambda: "Europe/Berlin" in workplace.study("bar").get("times", ""))
    page = workplace.get("/")
    assert "Europe/Berlin" in page
    assert workplace.command("schedule", "bar/study.toml", "--remove").returncode == 0
    workplace.until(lambda: not workplace.study("bar"))
    with workplace.client() as client, pytest.raises(ObjectNotFound):
        client.read_deployment_by_name("fieldwright drift/bar")
    again = workplace.command("schedule", "bar/study.toml", "--remove")
    assert again.returncode == 2
    assert "must be registered" in again.stderr


SPRING, AUTUMN = ("2027-03-26T12:00", "2027-03-29T12:00"), ("2027-10-29T12:00", "2027-11-01T12:00")
"""Summer time begins on 28 March 2027 at two, and ends on 31 October at three."""
NIGHTS = {
    "0 4 * * *": {SPRING: ["03:00", "02:00", "02:00"], AUTUMN: ["02:00", "03:00", "03:00"]},
    # The time that does not exist fires once, and so does the one that comes twice.
    "30 2 * * *": {SPRING: ["01:30", "00:30", "00:30"], AUTUMN: ["00:30", "00:30", "01:30"]},
}
"""Times in UTC of the runs in three nights about a change of the clock in Berlin."""


@pytest.mark.slow
@pytest.mark.parametrize("cron", NIGHTS)
def test_the_server_plans_one_run_for_each_night_about_a_change_of_the_clock(
    workplace: Any, cron: str
) -> None:
    command = ("schedule", "bar/study.toml", "--cron", cron, "--timezone", "Europe/Berlin")
    assert workplace.command(*command).returncode == 0
    with workplace.client() as client:
        deployment = client.read_deployment_by_name("fieldwright/bar")
    for nights, utc in NIGHTS[cron].items():
        start, end = (f"{one}:00+00:00" for one in nights)
        address = f"http://127.0.0.1:{workplace.prefect}/api/deployments/{deployment.id}/schedule"
        asked = {"start_time": start, "end_time": end, "min_runs": 3, "max_runs": 50}
        # A server on SQLite answers 503 while another one writes.
        workplace.until(
            lambda address=address, asked=asked: httpx.post(address, json=asked, timeout=60).is_success
        )
        planned = sorted(
            run.expected_start_time
            for run in workplace.runs("bar")
            if run.expected_start_time and start <= run.expected_start_time.isoformat() <= end
        )
        assert [f"{one.astimezone(UTC):%H:%M}" for one in planned] == utc


@pytest.mark.slow
def test_the_example_of_prefect_yaml_is_deployed(workplace: Any) -> None:
    """By Prefect's own command, into a pool of the server's."""
    deployed = subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"],
        cwd=EXAMPLE,
        env=workplace.environment
        | {"PREFECT_API_URL": f"http://127.0.0.1:{workplace.prefect}/api"}
        | {"PREFECT_HOME": str(workplace.folder / "home" / "own_prefect")},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    with workplace.client() as client:
        deployment = client.read_deployment_by_name("fieldwright/plate")
        client.delete_deployment(deployment.id)
    assert deployment.entrypoint == ENTRYPOINT
    assert deployment.work_pool_name == POOL
    assert deployment.pull_steps in (None, [])
    assert "FIELDWRIGHT_HOME" in deployment.job_variables["env"]
    assert deployment.concurrency_options is not None
    assert deployment.concurrency_options.collision_strategy == "CANCEL_NEW"
    (schedule,) = deployment.schedules
    assert schedule.schedule.timezone == "Europe/Berlin"  # type: ignore[union-attr]


@pytest.mark.slow
def test_ticks_during_a_run_are_passed_over(workplace: Any) -> None:
    with study_under_way(workplace, "beam"):
        run = workplace.until(lambda: workplace.run("beam", "Running"))
        before = {one.id for one in workplace.runs("beam") if one.state_name == "Cancelled"}
        workplace.until(
            lambda: {one.id for one in workplace.runs("beam") if one.state_name == "Cancelled"} - before
        )
        workplace.until(
            lambda: (
                len({one.id for one in workplace.runs("beam") if one.state_name == "Cancelled"} - before) > 1
            )
        )
        assert [one for one in workplace.runs("beam") if one.state_name == "Late"] == []
    with workplace.client() as client:
        workplace.until(lambda: client.read_flow_run(run.id).state_name == "Completed")


@pytest.mark.slow
def test_a_run_whose_worker_was_killed_begins_anew(workplace: Any) -> None:
    with under_way(workplace) as run:
        of_run = workplace.process_of("prefect.engine")
        os.kill(workplace.process_of("prefect worker start"), signal.SIGKILL)
        workplace.until(lambda: not workplace.left([of_run]))
    assert completed(workplace, run).run_count == 2
    assert workplace.part("Prefect worker")["restarts"] == 1
    # Nor does it hold the place of the next one.
    assert completed(workplace, forced_run(workplace)).run_count == 1


@pytest.mark.slow
def test_a_run_goes_on_or_begins_anew_where_the_server_was_killed(workplace: Any) -> None:
    with under_way(workplace) as run:
        os.kill(workplace.process_of("prefect server start"), signal.SIGKILL)
        workplace.until(lambda: workplace.part("Prefect server")["restarts"] == 1)
        workplace.until_running("Prefect server")
    completed(workplace, run)


@pytest.mark.slow
def test_the_server_of_mlflow_comes_back(workplace: Any) -> None:
    os.kill(workplace.process_of("mlflow.server"), signal.SIGKILL)
    workplace.until(lambda: workplace.part("MLflow server")["restarts"] == 1)
    workplace.until_running("MLflow server")


@pytest.mark.slow
def test_a_killed_workplace_leaves_nothing_and_finds_everything_again(workplace: Any) -> None:
    with under_way(workplace) as run:
        every(workplace, "* * * * *")
        # The server plans the next ticks within seconds.
        workplace.until(lambda: sum(one.state_name == "Scheduled" for one in workplace.runs("beam")) > 2)
        processes = workplace.processes()
        assert len(processes) > 8
        workplace.end(signal.SIGKILL)
        deadline = time.monotonic() + 120
        while workplace.left(processes) and time.monotonic() < deadline:
            time.sleep(0.5)
        assert workplace.left(processes) == []
    # At least one tick goes by.
    time.sleep(95)
    down = datetime.now(UTC)
    workplace.start()
    workplace.until_running("Prefect server", "Prefect worker", "MLflow server", "Endpoint")
    # Though ticks come in between.
    assert completed(workplace, run).run_count == 2
    skipped = [one for one in workplace.runs("beam") if one.state_name == "Skipped"]
    assert skipped
    assert min(one.expected_start_time for one in skipped) < down
    assert workplace.study("beam")["champion"].startswith("version")


def test_sigterm_ends_all_of_it(workplace: Any) -> None:
    processes = workplace.processes()
    assert processes
    assert workplace.end() == 0
    assert workplace.left(processes) == []
    assert "Traceback" not in workplace.log.read_text()
