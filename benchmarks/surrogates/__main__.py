"""Surrogates of fields and scalars: ours and other libraries', one run, the same splits for all.

    python -m benchmarks.surrogates --help       (run from the root of the checkout, on a machine that is quiet)

Every method runs in a process of its own with one thread; CPU seconds are the method's own, after its imports.
Results are kept in the folder, so that one part, set or method can be run again and the table be printed whole.
EZyRB, PyDMD, SMT and OpenTURNS are no part of the project. To have them beside it:

    python -m venv peers
    echo "$PWD/.venv/lib/python3.11/site-packages" > peers/lib/python3.11/site-packages/main.pth
    peers/bin/pip install ezyrb pydmd smt openturns && peers/bin/python -m benchmarks.surrogates
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.surrogates.sets import Sizes

PARTS = ("fields", "scalars", "many", "bands", "domain", "speed")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def part(name: str) -> ModuleType:
    """A part of the benchmark: `SETS`, `methods(set)`, `measure(set, method, folder, sizes)`, `table(found)`."""
    return importlib.import_module(f"benchmarks.surrogates.{name}")


def run(of: str, name: str, method: str, folder: Path, sizes: Sizes) -> dict[str, Any] | None:
    """The method in a process of its own; None with a line printed where its package is not there or it fails."""
    environment = os.environ | dict.fromkeys(THREADS, "1")
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.surrogates", "--child", of, name, method]
    command += ["--folder", str(folder)]
    for size, value in asdict(sizes).items():
        command += [f"--{size}", str(value)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        print(f"  {name}, {method}: left out, {reason}", flush=True)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def compare(of: str, asked: argparse.Namespace, folder: Path, sizes: Sizes) -> None:
    """Measures what is asked for, then prints the table of all that the folder holds of this part."""
    module = part(of)
    wanted = asked.method or (module.BESIDE_PEERS if asked.peers else ())
    kept = folder / f"{of}.json"
    results = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    for name in module.SETS:
        for method in module.methods(name):
            if (asked.set and name not in asked.set) or (wanted and method not in wanted):
                continue
            found = run(of, name, method, folder, sizes)
            if found is not None:
                results[f"{name}|{method}"] = found
                kept.write_text(json.dumps(results), encoding="utf-8")
    order = [(name, method) for name in module.SETS for method in module.methods(name)]
    held = {
        (name, method): results[f"{name}|{method}"] for name, method in order if f"{name}|{method}" in results
    }
    shown = module.ratios(held) if asked.peers else module.table(held, sizes)
    print(f"\n### Surrogates: {of}\n\n{shown}", flush=True)


def main() -> None:
    """Parses the command line; a child process prints one line of JSON, the parent prints tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--part", choices=PARTS, action="append", help="default: all")
    parser.add_argument("--set", action="append", help="only these sets or functions")
    parser.add_argument("--method", action="append", help="only these methods")
    parser.add_argument(
        "--peers", action="store_true", help="ratios of our defaults to a peer's best; of --part fields alone"
    )
    parser.add_argument("--folds", type=int, default=5, help="of the fields")
    parser.add_argument("--seconds", type=float, default=300.0, help="time budget of a search in one fold")
    parser.add_argument("--repeats", type=int, default=3, help="designs of each scalar function")
    parser.add_argument("--splits", type=int, default=20, help="of the bands")
    parser.add_argument("--folder", type=Path, help="where results are kept (default: a temporary folder)")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.peers and asked.part != ["fields"]:
        parser.error("--peers compares fields: give it with --part fields and no other part")
    sizes = Sizes(asked.folds, asked.seconds, asked.repeats, asked.splits)
    if asked.child:
        of, name, method = asked.child
        print(json.dumps(part(of).measure(name, method, asked.folder, sizes)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for of in asked.part or PARTS:
            compare(of, asked, folder, sizes)


if __name__ == "__main__":
    main()
