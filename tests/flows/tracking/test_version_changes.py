"""Promotions, gates, roll-backs and their history, on small real surrogates in one registry."""

from __future__ import annotations

import io
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import pytest
from rich.console import Console

from fieldwright.data.errors import FieldwrightError
from fieldwright.flows.commands.report_tables import print_report
from fieldwright.flows.commands.serve import endpoint_command
from fieldwright.flows.commands.version_changes import print_history, promote_version, roll_back
from fieldwright.flows.report import Report
from fieldwright.flows.resumption.step_results import StepResults
from fieldwright.flows.study.promotion_section import PromotionLimits
from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.versions.challenger import challenger_of
from fieldwright.flows.tracking.versions.promotion import Challenge, Decision
from fieldwright.flows.tracking.versions.registration import Registrable, decide_and_promote, register
from fieldwright.flows.tracking.versions.version_history import (
    VersionEvent,
    VersionHistory,
    champions_in_order,
    withdrawn_versions,
)
from fieldwright.flows.workflow import run_study
from fieldwright.surrogates.families import load_model

STUDY = """
name = "bar"
[runs]
folder = "runs"
pattern = "*.npz"
workers = 0
[parameters]
table = "parameters.csv"
columns = {{ load = {{}} }}
[fields]
u = {{}}
[reduction]
rank = 2
[validation]
folds = 4
{more}
[[candidates]]
kind = "rbf"
{last}
"""
PLACES = np.linspace(0.0, 1.0, 9)


@dataclass
class Story:
    """A study whose runs and settings change, and what its pipelines have reported."""

    path: Path
    loads: list[float] = field(default_factory=list)

    @property
    def study(self) -> Study:
        return Study.load(self.path)

    @property
    def tracking(self) -> Tracking:
        return Tracking.of(self.study)

    def run(self, loads=(), more: str = "", last: str = "", force: bool = False) -> Report:
        for load in loads:
            u = load * PLACES + 0.2 * np.sin(3.0 * load * PLACES)
            name = self.path.parent / "runs" / f"run_{len(self.loads):03d}.npz"
            np.savez(name, points=np.stack([PLACES, 0.0 * PLACES], 1), u=u)
            self.loads.append(float(load))
        rows = [f"run_{k:03d}.npz,{load!r}" for k, load in enumerate(self.loads)]
        (self.path.parent / "parameters.csv").write_text("\n".join(["run,load", *rows]) + "\n")
        self.path.write_text(STUDY.format(more=more, last=last))
        return run_study(str(self.path), force)

    def champion(self) -> str:
        champion = self.tracking.registry.champion()
        return champion.version if champion else ""


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Three versions: narrow runs, wide runs which win, and a refused one; the tests go on from there in order."""
    folder = tmp_path_factory.mktemp("bar")
    (folder / "runs").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIELDWRIGHT_HOME", str(folder / "home"))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        yield Story(folder / "study.toml")


@pytest.fixture(autouse=True)
def own_home() -> None:
    """That of the module, in place of one for each test."""


def text_of(print_what, *arguments) -> str:
    stream = io.StringIO()
    print_what(*arguments, Console(file=stream, width=200))
    return stream.getvalue()


def test_a_wider_model_wins_and_its_decision_stands_everywhere(story: Story) -> None:
    first = story.run(np.linspace(1.0, 1.8, 12))
    assert (first.version, first.promoted) == ("1", True)
    second = story.run(np.linspace(2.0, 4.0, 10), more="[promotion]\nmax_size_mb = 5.0\nmax_latency_ms = 1e4")
    assert (second.version, second.promoted) == ("2", True), second.why
    assert second.why.startswith("on the same 22 runs, 10 of them new to it, version 1 has ")

    client = story.tracking.client
    version = client.get_model_version("bar", "2")
    run = client.get_run(version.run_id)
    for tags in (version.tags, run.data.tags):
        assert tags["decision"] == "promoted"
        assert tags["decision.why"] == second.why
        assert tags["decision.champion"] == "1"
        assert int(tags["decision.samples"]) == 22
        assert len(tags["decision.digest"]) == 64
    document = story.tracking.json(version.run_id, "decision.json")
    assert document["by"] == f"pipeline {version.run_id[:8]}"
    assert document["comparison"]["factor"] == pytest.approx(float(version.tags["decision.factor"]), rel=1e-5)
    assert [gate["name"] for gate in document["gates"]] == ["latency of one query", "size of the artifact"]
    assert all(gate["passed"] for gate in document["gates"])
    assert document["measured"]["size_mb"] == pytest.approx(document["gates"][1]["value"])
    assert 0.0 < document["measured"]["size_mb"] < 1.0
    assert "| size of the artifact |" in version.description
    assert second.why in version.description
    printed = text_of(lambda console: print_report(console, second))
    assert "Compared: mean relative L2 error of both on the same 22 runs" in printed
    assert "size of the artifact" in printed


@pytest.mark.parametrize(
    ("gate", "says"),
    [
        ("max_error = { u = 1e-9 }", "the mean relative L2 error of 'u' is "),
        ('max_error = { "max(u)" = 1e-9 }', "the error of max(u) is "),
        ("min_coverage = 0.999", ""),
        ("max_latency_ms = 1e-4", "the latency of one query is "),
        ("max_size_mb = 1e-4", "the size of the artifact is "),
        ("min_domain_share = 1.0", "of the present 22 runs inside the domain is "),
    ],
)
def test_each_gate_refuses_with_both_numbers(story: Story, gate: str, says: str) -> None:
    more = f"[promotion]\n{gate}"
    if "domain" in gate:
        # A test set of which some runs lie beyond those that are learned from.
        more = f"test_size = 6\n{more}"
    report = story.run(more=more)
    document = story.tracking.json(
        story.tracking.client.get_model_version("bar", report.version).run_id, "decision.json"
    )
    (measured,) = [one for one in document["gates"] if one["key"] == f"promotion.{gate.split()[0]}"]
    if "coverage" in gate:
        # So few runs cannot tell 99.9 % from what they show, unless the bands miss half of them.
        assert measured["low"] < measured["value"] <= measured["high"]
        assert measured["passed"] is (measured["high"] >= 0.999)
        return
    assert not report.promoted
    assert says in report.why
    assert (measured["passed"], document["failed"]) == (False, [measured["name"]])
    assert story.champion() == "2"
    assert challenger_of(story.tracking) is not None


def test_a_roll_back_goes_back_one_by_one_and_is_not_undone_by_the_next_pipeline(story: Story) -> None:
    third = story.run(np.linspace(4.2, 6.0, 8))
    assert third.promoted, third.why
    assert challenger_of(story.tracking) is None
    assert roll_back(story.study, "wrong at large loads").version == "2"
    assert story.champion() == "2"

    again = story.run()
    assert again.nothing_new.startswith("Nothing new")
    assert "The champion is version 2, rolled back by " in again.nothing_new
    assert "wrong at large loads" in again.nothing_new
    assert story.champion() == "2"

    forced = story.run(force=True)
    assert not forced.promoted
    assert f"trained alike on the same data as version {third.version}, which " in forced.why
    assert "wrong at large loads" in forced.why
    assert story.champion() == "2"

    assert roll_back(story.study, "neither is this one").version == "1"
    assert story.champion() == "1"
    with pytest.raises(FieldwrightError, match="must have a champion before the present one"):
        roll_back(story.study, "further back")
    assert story.champion() == "1"


def test_other_data_may_be_promoted_after_a_roll_back(story: Story) -> None:
    newer = story.run(np.linspace(6.2, 7.0, 4))
    assert newer.promoted, newer.why
    assert roll_back(story.study, "back to the first").version == "1"


def test_a_promotion_by_hand_must_have_a_reason_and_files_that_load(story: Story) -> None:
    with pytest.raises(FieldwrightError, match="must have a reason"):
        promote_version(story.study, "2", "  ")
    with pytest.raises(FieldwrightError, match="must have the version that is named"):
        promote_version(story.study, "999", "why not")
    with pytest.raises(FieldwrightError, match="must not be the champion already"):
        promote_version(story.study, "1", "why not")
    tracking = story.tracking
    source = tracking.client.get_model_version_download_uri("bar", "3")
    place = Path(source.removeprefix("file://"))
    (arrays,) = place.rglob("arrays.safetensors")
    content = arrays.read_bytes()
    arrays.write_bytes(content[:-8])
    with pytest.raises(FieldwrightError):
        promote_version(story.study, "3", "damaged")
    shutil.move(place, place.with_name("elsewhere"))
    with pytest.raises(FieldwrightError, match="must"):
        promote_version(story.study, "3", "missing")
    assert story.champion() == "1"
    assert promote_version(story.study, "2", "checked by hand").before == "1"
    assert story.champion() == "2"


def test_the_history_tells_who_did_what_and_why(story: Story) -> None:
    events = VersionHistory(story.tracking).events()
    assert [one.time for one in events] == sorted(one.time for one in events)
    by_hand = [one for one in events if not one.by.startswith("pipeline ")]
    assert [(one.kind, one.version, one.before) for one in by_hand] == [
        ("rolled back", "2", "9"),
        ("rolled back", "1", "2"),
        ("rolled back", "1", by_hand[2].before),
        ("promoted", "2", "1"),
    ]
    assert all("@" in one.by for one in by_hand)
    printed = text_of(print_history, story.study)
    for why in ("wrong at large loads", "neither is this one", "checked by hand", "trained alike"):
        assert why in printed
    assert "The champion is version 2 (rbf)." in printed


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_running_endpoint_follows_a_roll_back_without_a_failed_request(story: Story) -> None:
    port = free_port()
    command, environment = endpoint_command([story.study], "127.0.0.1", port)
    process = subprocess.Popen(command, env=os.environ | environment, stdout=subprocess.PIPE, text=True)
    versions: list[str] = []
    failures: list[str] = []
    enough = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
            while not enough.is_set():
                reply = client.post("/predict", json={"parameters": {"load": 1.5}})
                if reply.status_code == 200:
                    versions.append(reply.json()["version"])
                else:
                    failures.append(reply.text)

    def wait_for(version: str) -> None:
        deadline = time.monotonic() + 120.0
        while versions[-5:] != [version] * 5:
            assert time.monotonic() < deadline
            assert failures == []
            time.sleep(0.05)

    thread = threading.Thread(target=ask)
    try:
        assert process.stdout is not None
        assert "Serving 'bar' version 2" in process.stdout.readline()
        thread.start()
        wait_for("2")
        assert roll_back(story.study, "for a while").version == "1"
        wait_for("1")
        assert promote_version(story.study, "2", "back again").version == "2"
        wait_for("2")
    finally:
        enough.set()
        if thread.ident:
            thread.join(60)
        process.terminate()
        process.wait(60)
    assert failures == []
    assert set(versions) == {"1", "2"}


def test_a_champion_that_changes_during_the_decision_is_the_one_to_beat(story: Story, tmp_path: Path) -> None:
    tracking, met = story.tracking, []
    tracking.registry.promote(tracking.registry.numbered("1"))
    model = load_model(tracking.registry.download(tracking.registry.numbered("2"), tmp_path))
    trained = Registrable(
        model, {"metric": "fluctuation_l2", "score": "0.5"}, None, {"kind": "other"}, "data"
    )

    def rule(challenge: Challenge) -> Decision:
        assert challenge.champion is not None
        met.append(challenge.champion.version)
        if len(met) == 1:
            tracking.registry.promote(tracking.registry.numbered("2"))
        return Decision(False, "it does not beat it")

    with tracking.run("by hand") as run:
        version, measured = register.fn(tracking, run, trained, "training")
        limits, results = PromotionLimits.model_validate({}), StepResults("bar")
        decision = decide_and_promote.fn(
            tracking, run, version, trained, limits, measured, rule, results, "finish"
        )
    assert met == ["1", "2"]
    assert decision.champion == "2"
    assert tracking.json(run.id, "decision.json")["version"] == version.version
    assert story.champion() == "2"


def test_promotions_outside_the_commands_count_for_a_roll_back() -> None:
    def event(kind, version: str, before: str) -> VersionEvent:
        return VersionEvent("2026-01-01T00:00:00+00:00", kind, version, before, "a@b", "w")

    events = [event("promoted", "1", ""), event("not promoted", "2", "1"), event("promoted", "3", "1")]
    assert champions_in_order(events, "3") == ["1", "3"]
    assert champions_in_order(events, "2") == ["1", "3", "2"], "set in MLflow's own pages"
    events += [event("rolled back", "1", "3")]
    assert champions_in_order(events, "1") == ["1"]
    assert set(withdrawn_versions(events)) == {"3"}
    events += [event("promoted", "3", "1")]
    assert champions_in_order(events, "3") == ["1", "3"]
    assert withdrawn_versions(events) == {}
    assert champions_in_order([], None) == []
