"""A command that is another program's face ends in order, and leaves none of its processes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

TIMEOUT = 120.0
ROOT = Path(__file__).parents[3]
STUDY = ROOT / "examples" / "plate" / "study.toml"
IN_FOREGROUND = (
    "import sys; from fieldwright.flows.commands.foreground import run_in_foreground; "
    "sys.exit(run_in_foreground(sys.argv[1:]))"
)
# Waits for its own child, and says which it is.
PARENT = (
    "import subprocess, sys; child = subprocess.Popen(['sleep', '600']); "
    "print(child.pid, flush=True); child.wait()"
)


def gone(pid: int) -> bool:
    """Whether the process has ended, reaped or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def descendants(pid: int) -> list[int]:
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return children + [further for child in children for further in descendants(child)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_of_it_with_0(number: signal.Signals):
    command = [sys.executable, "-c", IN_FOREGROUND, sys.executable, "-c", PARENT]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        process.send_signal(number)
        assert process.wait(TIMEOUT) == 0
        assert gone(child)


def test_the_programs_own_end_is_the_commands():
    command = [sys.executable, "-c", IN_FOREGROUND, sys.executable, "-c", "raise SystemExit(3)"]
    assert subprocess.run(command, cwd=ROOT, timeout=TIMEOUT, check=False).returncode == 3


@pytest.mark.slow
def test_sigterm_ends_the_mlflow_page_and_all_of_its_processes(tmp_path: Path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "fieldwright.flows.cli", "ui", str(STUDY), "--port", str(port)],
        cwd=ROOT,
        env=os.environ | {"FIELDWRIGHT_HOME": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 300.0
        while True:
            assert process.poll() is None
            assert time.monotonic() < deadline
            try:
                socket.create_connection(("127.0.0.1", port), 1.0).close()
                break
            except OSError:
                time.sleep(0.5)
        processes = descendants(process.pid)
        assert processes
        process.send_signal(signal.SIGTERM)
        assert process.wait(TIMEOUT) == 0
        assert [pid for pid in processes if not gone(pid)] == []
    finally:
        process.kill()
