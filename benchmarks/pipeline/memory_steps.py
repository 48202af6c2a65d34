"""Where in a pipeline its memory is largest: `fieldwright run` of a study with its process looked at from within.

`python -m benchmarks.pipeline.memory_steps study.toml steps.json` runs the study as the command line does. A thread
looks at the anonymous memory of the process and at what all threads are doing, and writes the largest size of each
step of the pipeline, with the function of the product that was at work then, and the processor time of each step.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

STEPS = (
    *("ingest", "split", "evaluate", "finish", "register", "decide_and_promote"),
    *("draw_figures", "write_report"),
)
"""Functions of `fieldwright.flows` that are steps of a pipeline."""
SECONDS = 0.05
OF_PRODUCT = "/fieldwright/"


class MemoryOfSteps:
    """Of each step so far the largest anonymous memory of this process, MB, the function at work, and CPU seconds."""

    def __init__(self) -> None:
        self.largest: dict[str, tuple[float, str]] = {}
        self.processor: dict[str, float] = {}
        self._ended = threading.Event()

    def watch(self) -> None:
        """Looks until `end`."""
        this, before = threading.get_ident(), 0.0
        while not self._ended.wait(SECONDS):
            size, step, function = sizes_of(Path("/proc/self/status"))[0], "start and end", ""
            for thread, frame in sys._current_frames().items():
                if thread == this:
                    continue
                names = list(_of_product(frame))
                at_work = next((name for _, name in names if name in STEPS), None)
                if at_work is not None:
                    step, function = at_work, ":".join(names[0])
            now = time.process_time()
            self.processor[step] = self.processor.get(step, 0.0) + now - before
            before = now
            if size > self.largest.get(step, (0.0, ""))[0]:
                self.largest[step] = size, function

    def end(self) -> None:
        """The last look."""
        self._ended.set()


def sizes_of(status: Path) -> tuple[float, float]:
    """MB of anonymous and of all resident memory of a process; 0 of one that has ended."""
    try:
        lines = status.read_text().splitlines()
    except OSError:
        return 0.0, 0.0
    kb = {
        line.split(":")[0]: float(line.split()[1]) for line in lines if line.startswith(("RssAnon", "VmRSS"))
    }
    return kb.get("RssAnon", 0.0) / 1024, kb.get("VmRSS", 0.0) / 1024


def _of_product(frame: FrameType | None) -> Iterator[tuple[str, str]]:
    """File and function of the frames of the product, the innermost first."""
    while frame is not None:
        path = frame.f_code.co_filename
        if OF_PRODUCT in path and "/benchmarks/" not in path:
            yield Path(path).stem, frame.f_code.co_name
        frame = frame.f_back


def main() -> None:
    path, report = sys.argv[1:]
    memory = MemoryOfSteps()
    thread = threading.Thread(target=memory.watch, daemon=True)
    thread.start()
    from fieldwright.flows.cli import main as command_line

    sys.argv = ["fieldwright", "run", path]
    try:
        command_line()
    finally:
        memory.end()
        thread.join()
        steps = {step: (*most, memory.processor[step]) for step, most in memory.largest.items()}
        Path(report).write_text(json.dumps(steps))


if __name__ == "__main__":
    main()
