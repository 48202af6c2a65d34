"""The jobs of an endpoint, in the memory of one worker: computed one by one in the order of their arrival."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from fieldwright.serving.jobs.computation import Computation
from fieldwright.serving.jobs.job import Job, JobAnswer, JobQuestion
from fieldwright.serving.jobs.limits import IDLE_SECONDS, KEPT_SECONDS, MAX_BYTES, MAX_JOBS
from fieldwright.serving.jobs.messages import JobMessage
from fieldwright.serving.phrases import quoted
from fieldwright.serving.refusal import Refused

logger = logging.getLogger("bentoml.fieldwright")


class JobList:
    """All of it belongs to the thread of the event loop. count: is called with how many jobs wait or run."""

    def __init__(self, count: Callable[[int], None]) -> None:
        self._count = count
        self._jobs: dict[str, Job] = {}
        self._computation = Computation()
        self._running: asyncio.Task | None = None
        self._arrived = asyncio.Event()

    def add(self, question: JobQuestion) -> Job:
        """Takes a job, which begins once those before it have ended; raises Refused where too much is kept."""
        size = sum(job.size for job in self._jobs.values())
        if len(self._jobs) >= MAX_JOBS or size + question.size > MAX_BYTES:
            raise Refused(
                503,
                f"At most {MAX_JOBS} jobs and {MAX_BYTES // 1024**2} MiB of photos and answers are kept",
                f"one more than {len(self._jobs)} jobs of {size // 1024**2} MiB",
                "Fetch answers and DELETE their jobs, or send it again in a while",
                {"Retry-After": "30"},
            )
        job = Job(question, question.model, question.route)
        self._jobs[job.name] = job
        self._note()
        self._arrived.set()
        if self._running is None or self._running.done():
            self._running = asyncio.get_running_loop().create_task(self._run())
        return job

    def find(self, name: str, model: str) -> Job:
        """The job of a model; raises Refused, with 404, where there is none such."""
        job = self._jobs.get(name)
        if job is None or job.model != model:
            raise Refused(
                404,
                f"A job must be one that is kept: in memory, for {KEPT_SECONDS / 60:g} minutes after its end, while "
                "the endpoint runs",
                quoted(name),
                "Send the photo again",
            )
        return job

    def remove(self, job: Job) -> None:
        """Cancels a job that waits or runs, and forgets any other."""
        if job.open:
            self._cancel(job, "The job was cancelled.")
        else:
            self._jobs.pop(job.name, None)
        self._note()

    def stop(self) -> None:
        """Cancels all jobs and ends the process that computes them; may be called by any thread."""
        for job in self._jobs.values():
            if job.open:
                job.end("cancelled", "The endpoint was stopped. Send the photo again once it runs.")
        self._computation.end()

    def _cancel(self, job: Job, sentence: str) -> None:
        running = job.state == "running"
        job.end("cancelled", sentence)
        self._forget_later(job)
        if running:
            self._computation.end()

    async def _run(self) -> None:
        """Computes jobs until none has waited for a while."""
        while True:
            job = next((one for one in self._jobs.values() if one.state == "waiting"), None)
            if job is not None:
                await self._compute(job)
                continue
            self._arrived.clear()
            try:
                await asyncio.wait_for(self._arrived.wait(), IDLE_SECONDS)
            except TimeoutError:
                self._computation.end()
                return

    async def _compute(self, job: Job) -> None:
        assert job.question is not None
        job.state = "running"
        try:
            answer = await self._computation.answer(job.question.frame(), job.advance)
        except Exception:
            logger.exception("Job %s failed", job.name)
            answer = "a defect of the endpoint, of which its log says more"
        if job.state != "running":
            return  # it was cancelled meanwhile
        if isinstance(answer, str):
            sentence = (
                f"The process that computes a job must not end before it. Got {answer}. The photo may be too large "
                "for the memory of the machine: shrink it, or send it again."
            )
            job.end("failed", sentence)
        elif "error" in answer.header:
            job.end("failed", answer.header["error"])
        else:
            job.done = job.total
            job.end("done", answer=_answer_of(answer, len(job.question.form.photos)))
        self._forget_later(job)
        self._note()

    def _forget_later(self, job: Job) -> None:
        asyncio.get_running_loop().call_later(KEPT_SECONDS, self._jobs.pop, job.name, None)

    def _note(self) -> None:
        self._count(sum(job.open for job in self._jobs.values()))


def _answer_of(frame: JobMessage, photos: int) -> JobAnswer:
    document, *pictures = frame.blobs
    return JobAnswer(document, dict(zip(frame.header["pictures"], pictures, strict=True)), photos)
