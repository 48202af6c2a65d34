"""A study of frozen fields takes the memory that its points need, however many runs there are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fieldwright.flows.study.compute_section import LEAST_MEMORY

STATUS = Path("/proc/self/status")
POINTS = 100_000
STUDY = """
name = "waves{runs}"
seed = 1
[runs]
folder = "runs"
pattern = "*.npz"
workers = 0
[parameters]
table = "parameters.csv"
columns = {{ a = {{ unit = "m" }} }}
[fields]
u = {{ unit = "K" }}
[validation]
folds = 2
[[candidates]]
kind = "linear"
inputs = "raw"
outputs = "raw"
"""
CHILD = """
import sys, threading
from pathlib import Path
import numpy as np
from fieldwright.data.store.snapshot_store import SnapshotStore
from fieldwright.flows.pictures import write_pictures
from fieldwright.flows.runs import frozen_fields
from fieldwright.flows.runs.figures.candidate_figures import candidate_figures
from fieldwright.flows.runs.holdout import split_runs
from fieldwright.flows.runs.inputs import read_runs
from fieldwright.flows.runs.learning import cross_validated, train_on_all, views_of
from fieldwright.flows.study.runs_study import Study
from fieldwright.surrogates.fields.surrogate import Surrogate

frozen_fields.SHARE = 10**12

def anonymous():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("RssAnon"))) * 1024

def learn(study):
    read_runs(study)
    store = SnapshotStore(study.store_path)
    runs = split_runs(study, store, [record.name for record in store.accepted()]).train
    views = views_of(study, runs)
    _, validation = cross_validated(study, "linear", study.candidates[0], runs, views)
    model = train_on_all(study, study.candidates[0], runs, views, validation)
    model.save(study.path.parent / "model")
    write_pictures(candidate_figures(runs, validation), study.path.parent)
    again = Surrogate.load(study.path.parent / "model")
    assert np.isfinite(again.predict(runs.x[:2]).fields["u"].mean).all()

def largest(study):
    most, ended = [0], threading.Event()
    def look():
        while not ended.wait(0.005):
            most[0] = max(most[0], anonymous())
    thread = threading.Thread(target=look)
    thread.start()
    learn(study)
    ended.set()
    thread.join()
    return most[0]

studies = [Study.load(Path(path)) for path in sys.argv[1:]]
# Once for what comes with the first use of libraries.
learn(studies[0])
print(anonymous(), *(largest(study) for study in studies[1:]))
"""


def _study(folder: Path, runs: int, points: int) -> Path:
    (folder / "runs").mkdir(parents=True)
    place = np.linspace(0.0, 1.0, points)
    rows = ["run,a"]
    rng = np.random.default_rng(0)
    for number, a in enumerate(np.linspace(0.5, 2.0, runs).tolist()):
        u = a * np.sin(3.0 * place) + a**2 * np.cos(5.0 * place) + 1e-3 * rng.standard_normal(points)
        np.savez(
            folder / "runs" / f"r{number:03d}.npz",
            points=np.stack([place, 0.0 * place, 0.0 * place], axis=1),
            u=u.astype(np.float32),
        )
        rows.append(f"r{number:03d},{a!r}")
    (folder / "parameters.csv").write_text("\n".join(rows) + "\n")
    (folder / "study.toml").write_text(STUDY.format(runs=runs))
    return folder / "study.toml"


@pytest.mark.skipif(not STATUS.exists(), reason="the memory of a process is read from /proc")
@pytest.mark.slow
def test_memory_grows_with_the_points_and_not_with_the_runs(tmp_path: Path) -> None:
    """Whole pipelines of 24 MB and 96 MB of fields, which fill blocks, from files to the model and its pictures."""
    sizes = ((12, 1_000), (60, POINTS), (240, POINTS))
    paths = [str(_study(tmp_path / str(k), *size)) for k, size in enumerate(sizes)]
    done = subprocess.run([sys.executable, "-c", CHILD, *paths], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    before, few, many = (int(part) for part in done.stdout.split())
    assert many - few < 0.5 * (4 * POINTS * (240 - 60)), (few, many)
    assert many - before < LEAST_MEMORY, (before, many)
