"""How a pipeline goes on from the last step that an interrupted one has finished."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from prefect import get_run_logger

from fieldwright.data.errors import FieldwrightError
from fieldwright.flows.resumption.finished_model import read_finished, write_finished
from fieldwright.flows.resumption.step_results import StepResult, StepResults
from fieldwright.flows.steps import Dataset, Finished, Steps, Trained
from fieldwright.flows.study.file import StudyFile
from fieldwright.flows.tasks import one_thread
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.past_runs.continued_runs import (
    adopted_run,
    can_be_continued,
    candidate_run,
    continued_run,
    has_finished,
)
from fieldwright.flows.tracking.pipeline_inputs import candidate_inputs, joint_key
from fieldwright.flows.tracking.tracked_run import TrackedRun

PIPELINE = joint_key("pipeline")
"""Key of the note which run of MLflow the results are of."""
DAMAGE = (FieldwrightError, OSError, ValueError, KeyError, TypeError)


@dataclass(frozen=True, eq=False)
class Resumption:
    """The finished steps of one study, each under the key of what it depends on, and their runs in MLflow.

    A step is taken from an interrupted pipeline where its key is the same; the others are done. With the same inputs
    the pipeline's own run goes on too; a candidate whose pipeline had other inputs moves to the new one.

    Attributes
    ----------
    inputs
        The key of the pipeline; see `pipeline_inputs`.
    data
        The digest of what candidates learn from.
    """

    study: StudyFile
    steps: Steps[Any, Any]
    tracking: Tracking
    results: StepResults
    inputs: str
    data: str

    @contextmanager
    def pipeline(self, begin: Callable[[], AbstractContextManager[TrackedRun]]) -> Iterator[TrackedRun]:
        """The run of the interrupted pipeline, or one that `begin` opens; no result is left once it has finished."""
        before = self.results.find(PIPELINE)
        going_on = before is not None and can_be_continued(self.tracking, before.note["run"])
        if before is not None and not going_on and has_finished(self.tracking, before.note["run"]):
            self.results.clear()
        if before is not None and going_on and before.note["inputs"] == self.inputs:
            _say(f"Going on with the pipeline of {before.when}, which was interrupted")
            with continued_run(self.tracking, before.note["run"]) as run:
                yield run
        else:
            with begin() as run:
                self.results.keep(PIPELINE, {"run": run.id, "inputs": self.inputs})
                yield run
        self.steps.clean_up()
        self.results.clear()

    def forget_others(self, candidates: Mapping[str, Any]) -> None:
        """Removes the results of all steps that depend on what is no longer so."""
        keys = {label: self._key(label, one) for label, one in candidates.items()}
        finishes = [joint_key("finish", keys, best) for best in keys]
        late = [joint_key(step, key) for step in ("figures", "decide") for key in finishes]
        self.results.keep_only([PIPELINE, *keys.values(), *finishes, *late])

    def evaluated(
        self,
        label: str,
        candidate: Any,
        data: Dataset,
        pipeline: TrackedRun,
        record: Callable[[TrackedRun, Trained], None],
    ) -> tuple[Trained, TrackedRun]:
        """One candidate, evaluated, and its run, which `record` has written."""
        key = self._key(label, candidate)
        result = self.results.find(key)
        trained = None if result is None else self._restored(result, label, candidate, data)
        if result is None or trained is None:
            with self.tracking.run(label, parent=pipeline.id) as run:
                with one_thread():
                    trained = evaluated = self.steps.evaluate(label, candidate, data, run)
                self.results.keep(key, {"run": run.id}, lambda folder: self.steps.keep(evaluated, folder))
                record(run, trained)
            return trained, run
        _say(f"evaluate {label}: taken from the run of {result.when}")
        if has_finished(self.tracking, result.note["run"]):
            return trained, adopted_run(self.tracking, result.note["run"], pipeline.id)
        with candidate_run(self.tracking, result.note["run"], label, pipeline.id) as run:
            record(run, trained)
        return trained, run

    def drawn(self, key: str, draw: Callable[[], object]) -> None:
        """Draws the pictures of the best candidate, unless they were."""
        self._once("figures", key, draw)

    def finish_key(self, candidates: Mapping[str, Any], best: str) -> str:
        """The key of the training of the best on all."""
        return joint_key("finish", {label: self._key(label, one) for label, one in candidates.items()}, best)

    def finished(
        self, key: str, best: Trained, all_trained: Sequence[Trained], data: Dataset
    ) -> tuple[Finished, str]:
        """The best candidate as it is registered, and the name of this training, of which there is one version."""
        result = self.results.find(key)
        if result is not None:
            try:
                finished = self.steps.completed(read_finished(self.steps, result.folder), best, data)
            except DAMAGE as error:
                self._forget(key, "finish", error)
            else:
                _say(f"finish: taken from the run of {result.when}")
                return finished, str(result.note["training"])
        with one_thread():
            finished = self.steps.finish(best, all_trained, data)
        # One that was damaged is the same training: it may be registered.
        training = uuid.uuid4().hex if result is None else str(result.note["training"])
        self.results.keep(key, {"training": training}, lambda folder: write_finished(finished, folder))
        return finished, training

    def _once(self, step: str, key: str, do: Callable[[], object]) -> None:
        result = self.results.find(joint_key(step, key))
        if result is not None:
            _say(f"{step}: taken from the run of {result.when}")
            return
        do()
        self.results.keep(joint_key(step, key), {})

    def _restored(self, result: StepResult, label: str, candidate: Any, data: Dataset) -> Trained | None:
        try:
            with one_thread():
                return self.steps.restore(label, candidate, data, result.folder)
        except DAMAGE as error:
            self._forget(self._key(label, candidate), f"evaluate {label}", error)
            return None

    def _forget(self, key: str, step: str, error: BaseException) -> None:
        get_run_logger().warning(
            "%s: the result of the interrupted run is damaged (%s): done again", step, error
        )
        self.results.remove(key)

    def _key(self, label: str, candidate: Any) -> str:
        return candidate_inputs(
            self.study, self.data, self.steps.metric, label, self.steps.settings_of(candidate)
        )


def _say(sentence: str) -> None:
    get_run_logger().info(sentence)
