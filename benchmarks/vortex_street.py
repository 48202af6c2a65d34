"""Vortex streets of Reynolds numbers left out: the field at a phase, the mean flow and the Strouhal number.

`python -m benchmarks.vortex_street CASE` takes an OpenFOAM case of a cylinder of diameter 1 in a stream of speed 1,
whose last time is a developed street, and OpenFOAM's icoFoam. It solves nine Reynolds numbers from 60 to 160, each
from that state on, lets `fieldwright new` write their study, and runs it with three runs as the test set, for three
seeds: six runs are learned from. Printed are the relative L2 errors of the test runs and what their bands cover.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from fieldwright.flows.own_prefect_server import own_prefect_server
from fieldwright.flows.report import PipelineReport
from fieldwright.flows.runs.inspection.first_study import runs_first_study
from fieldwright.flows.workflow import run_study

REYNOLDS = (60, 70, 80, 95, 110, 122, 135, 148, 160)
SETTLED, END, STEP = 60, 84, 0.3
"""Seconds until the street has settled, until the end, and between the written times."""
CANDIDATES = '\n[[candidates]]\nkind = "gp"\n[[candidates]]\nkind = "rbf"\n'


def solve(case: Path, folder: Path, reynolds: int) -> None:
    """A run of icoFoam at a Reynolds number, from the last time of the case on."""
    last = max(
        (path for path in case.iterdir() if re.fullmatch(r"[\d.]+", path.name)), key=lambda p: float(p.name)
    )
    for name in ("constant", "system"):
        shutil.copytree(case / name, folder / name)
    shutil.copytree(last, folder / "0", ignore=shutil.ignore_patterns("uniform"))
    set_entries(folder / "constant" / "transportProperties", nu=f"[0 2 -1 0 0 0 0] {1.0 / reynolds!r}")
    control = folder / "system" / "controlDict"
    for start, end, interval in ((0, SETTLED, SETTLED), (SETTLED, END, STEP)):
        set_entries(control, startFrom="startTime", startTime=start, endTime=end, writeInterval=interval)
        with (folder / f"log.{end}").open("w") as log:
            subprocess.run(["icoFoam"], cwd=folder, stdout=log, stderr=log, check=True)
    shutil.rmtree(folder / "0")


def set_entries(path: Path, **entries: object) -> None:
    """Changes entries of an OpenFOAM dictionary, the first of each name."""
    text = path.read_text()
    for name, value in entries.items():
        text = re.sub(rf"^(\s*{name}\s+)[^;]*;", rf"\g<1>{value};", text, count=1, flags=re.M)
    path.write_text(text)


def study_text(runs: Path, beside: Path, seed: int) -> str:
    """The first study of the runs, with a Strouhal number, a test set and two candidates."""
    text = runs_first_study(runs, beside, ())
    text = re.sub(r"^seed = .*", f"seed = {seed}", text, flags=re.M)
    text = re.sub(r'^name = "(.*)"', rf'name = "\g<1>_{seed}"', text, flags=re.M)
    text = re.sub(r'^(rule = "periodic".*)', r"\1\nlength = 1.0\nspeed = 1.0", text, flags=re.M)
    text = text.replace("[runs]", "[runs]\nminimum = 6").replace("folds = 8", "folds = 6\ntest_size = 3")
    return text + CANDIDATES


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", type=Path)
    parser.add_argument("--runs", type=Path, help="folder of runs that were solved before, or to be kept")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, own_prefect_server():
        folder = Path(name)
        runs = options.runs or folder / "runs"
        for reynolds in REYNOLDS:
            if not (runs / f"re_{reynolds}").exists():
                solve(options.case, runs / f"re_{reynolds}", reynolds)
        rows: dict[str, list[tuple[float, float]]] = {}
        for seed in (1, 2, 3):
            path = folder / f"study_{seed}.toml"
            path.write_text(study_text(runs, folder, seed))
            report = run_study(str(path))
            assert isinstance(report, PipelineReport)
            assert report.test_set is not None
            for label, one in (report.test_set.fields | report.test_set.quantities).items():
                if "(" not in label:
                    rows.setdefault(label, []).append((one.error, one.pointwise))
    print("| of | error, mean and largest of three seeds | values in their 90 % bands |\n|---|---|---|")
    for label, results in rows.items():
        errors, covered = np.array(results).T
        print(f"| `{label}` | {errors.mean():.2%}, {errors.max():.2%} | {covered.mean():.0%} |")


if __name__ == "__main__":
    main()
