"""Registers what a pipeline has trained, once; promotes it where its rule holds, and writes the decision down."""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from prefect import get_run_logger
from pydantic import TypeAdapter

from fieldwright.flows.notification.running_pipeline import update_running
from fieldwright.flows.resumption.step_results import StepResult, StepResults
from fieldwright.flows.study.promotion_section import PromotionLimits
from fieldwright.flows.tasks import one_thread, pipeline_task
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.model_registry import ModelVersion
from fieldwright.flows.tracking.past_runs.continued_runs import TRAINING, version_of_training
from fieldwright.flows.tracking.pipeline_inputs import joint_key
from fieldwright.flows.tracking.tracked_run import TrackedRun
from fieldwright.flows.tracking.versions.challenger import DATA, put_forward, retire
from fieldwright.flows.tracking.versions.gates import Gate, at_most
from fieldwright.flows.tracking.versions.promotion import Challenge, Decision
from fieldwright.flows.tracking.versions.version_history import (
    VersionEvent,
    VersionHistory,
    withdrawn_versions,
)
from fieldwright.surrogates.model import Model

DECISION = "decision.json"
"""File of a pipeline's MLflow run, see `Decision.as_dict`."""
MODEL_KEY = "model_key"
"""Tag of a version: equal where data and settings are."""
QUERIES, QUERY_SECONDS = 9, 1.0
"""Queries whose time is taken, and the seconds after which no further one is asked."""


@dataclass(frozen=True, eq=False)
class Registrable:
    """A trained model with what its registration takes.

    tags: of the version, among them its `metric` and `score`. ask: asks it one query; its example if None. settings:
    of the training, as far as the data and they decide what is learned. data: digest of what scores are measured on.
    """

    model: Model
    tags: Mapping[str, str]
    ask: Callable[[], object] | None
    settings: Mapping[str, Any]
    data: str

    @property
    def key(self) -> str:
        """Equal for models that were trained alike on the same data."""
        text = json.dumps([self.data, dict(self.settings)], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


@pipeline_task(name="register")
def register(
    tracking: Tracking, run: TrackedRun, trained: Registrable, training: str
) -> tuple[ModelVersion, dict[str, float]]:
    """Registers the model as the next version, and measures its costs.

    Where this training has been registered by an interrupted pipeline, the version is that one.
    """
    update_running(step="register")
    model, version = trained.model, version_of_training(tracking, training)
    tags = {**trained.tags, DATA: trained.data, MODEL_KEY: trained.key, TRAINING: training}
    with tempfile.TemporaryDirectory() as folder:
        artifact = Path(folder) / "surrogate"
        model.save(artifact)
        measured = measured_costs(model, artifact, trained.ask)
        if version is None:
            columns = model.example()
            example = answer = None
            if columns is not None:
                example, answer = pd.DataFrame(dict(columns)), pd.DataFrame(dict(model.tabulate(columns)))
            version = tracking.registry.register(artifact, run.id, tags, example, answer)
        else:
            get_run_logger().info("register: version %s is that of this training", version.version)
    run.metrics(measured)
    return version, measured


@pipeline_task(name="decide")
def decide_and_promote(
    tracking: Tracking,
    run: TrackedRun,
    version: ModelVersion,
    trained: Registrable,
    limits: PromotionLimits,
    measured: Mapping[str, float],
    rule: Callable[[Challenge], Decision],
    results: StepResults,
    finish_key: str,
) -> Decision:
    """Gives the version the alias if the promotion rule holds.

    The decision stands as tags of version and pipeline, in the version's description, in the history of the study and
    as `decision.json`. It is taken once: that of an interrupted pipeline holds as long as the champion is the one
    that it was taken against.
    """
    update_running(step="decide")
    key = joint_key("decide", finish_key)
    before = results.find(key)
    decision = None if before is None else _decision_of(before, tracking, version, trained)
    if before is not None and decision is not None:
        get_run_logger().info("decide: taken from the run of %s", before.when)
    else:
        decision = _new_decision(tracking, trained, cost_gates(limits, measured), rule)
        results.keep(key, {"version": version.version, "decision": asdict(decision)})
    if decision.promote:
        tracking.registry.promote(version)
        retire(tracking)
    elif np.isfinite(float(version.tags["score"])):
        put_forward(tracking, version)
    _write(tracking, run, version, decision, measured)
    return decision


def _new_decision(
    tracking: Tracking,
    trained: Registrable,
    gates: tuple[Gate, ...],
    rule: Callable[[Challenge], Decision],
) -> Decision:
    champion = tracking.registry.champion()
    while True:
        decision = _withdrawn(tracking, trained.key) or rule(Challenge(champion, gates, trained.data))
        present = tracking.registry.champion()
        if _number(present) == _number(champion):
            return replace(decision, champion=_number(champion))
        # Somebody has promoted or rolled back in the meantime: this champion is the one to beat.
        champion = present


def _decision_of(
    before: StepResult, tracking: Tracking, version: ModelVersion, trained: Registrable
) -> Decision | None:
    """The decision that an interrupted pipeline has taken on this version; None where it holds no more."""
    if before.note["version"] != version.version:
        return None
    decision = TypeAdapter(Decision).validate_python(before.note["decision"])
    champion = _number(tracking.registry.champion())
    if champion == version.version:
        return decision
    # Rolled back meanwhile, the champion is the one of then again.
    withdrawn = decision.promote and _withdrawn(tracking, trained.key) is not None
    return decision if champion == decision.champion and not withdrawn else None


def measured_costs(model: Model, artifact: Path, ask: Callable[[], object] | None = None) -> dict[str, float]:
    """`latency_ms`, the median processor time of one query in this thread, and `size_mb` of the artifact's files."""
    example = model.example()
    query = ask if ask is not None else None if example is None else lambda: model.tabulate(example)
    measured = {"size_mb": sum(one.stat().st_size for one in artifact.rglob("*") if one.is_file()) / 1e6}
    if query is None:
        return measured
    times: list[float] = []
    with one_thread():
        query()
        while len(times) < QUERIES and sum(times) < QUERY_SECONDS:
            start = time.thread_time()
            query()
            times.append(time.thread_time() - start)
    return measured | {"latency_ms": 1e3 * float(np.median(times))}


def cost_gates(limits: PromotionLimits, measured: Mapping[str, float]) -> tuple[Gate, ...]:
    """Latency and size, as far as the study sets limits."""
    gates = []
    nan = float("nan")
    if limits.max_latency_ms is not None:
        latency = measured.get("latency_ms", nan)
        gates.append(
            at_most("latency of one query", latency, limits.max_latency_ms, "promotion.max_latency_ms", "ms")
        )
    if limits.max_size_mb is not None:
        gates.append(
            at_most(
                "size of the artifact", measured["size_mb"], limits.max_size_mb, "promotion.max_size_mb", "MB"
            )
        )
    return tuple(gates)


def _withdrawn(tracking: Tracking, key: str) -> Decision | None:
    """The refusal of a model that was rolled back; None where none was trained alike."""
    for number, event in withdrawn_versions(VersionHistory(tracking).events()).items():
        if tracking.client.get_model_version(tracking.name, number).tags.get(MODEL_KEY) == key:
            return Decision(
                False,
                f"it is trained alike on the same data as version {number}, which {event.by} rolled back on "
                f"{event.time[:10]} ({event.why}); `fieldwright promote` promotes it all the same",
                compared="nothing: a model that was rolled back is promoted by hand alone",
            )
    return None


def _write(
    tracking: Tracking,
    run: TrackedRun,
    version: ModelVersion,
    decision: Decision,
    measured: Mapping[str, float],
) -> None:
    client, by = tracking.client, f"pipeline {run.id[:8]}"
    kind = "promoted" if decision.promote else "not promoted"
    event = VersionEvent.now(kind, version.version, decision.champion, by, decision.why, run.id)
    history = VersionHistory(tracking)
    # An interrupted pipeline may have written it.
    if not any(
        (one.kind, one.version, one.run_id) == (kind, version.version, run.id) for one in history.events()
    ):
        history.record(event)
    for key, value in decision.tags().items():
        client.set_model_version_tag(tracking.name, version.version, key, value)
    run.tags(decision.tags())
    document = {"version": version.version, "time": event.time, "by": by} | decision.as_dict()
    run.json({DECISION: document | {"measured": dict(measured)}})


def _number(version: ModelVersion | None) -> str:
    return "" if version is None else version.version
