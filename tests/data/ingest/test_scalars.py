"""Scalars of a run: read from files as solvers write them, and reduced to one number."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fieldwright.data.errors import RunRejected
from fieldwright.data.formats import Field, Run
from fieldwright.data.ingest.scalars.scalar_values import ScalarRule, read_scalars, reduced
from fieldwright.data.ingest.scalars.time_table import joined_tables, read_time_table
from fieldwright.data.mesh.mesh import Mesh
from fieldwright.data.store.frozen_matrix import freeze
from fieldwright.data.store.snapshot_store import SnapshotStore
from fieldwright.data.store.verification import verify

COEFFICIENTS = """# Force coefficients
# dragDir     : (1.000000e+00 0.000000e+00 0.000000e+00)
# CofR        : (0.000000e+00 0.000000e+00 0.000000e+00)
#
# Time        \tCd            \tCl            \tCd(f)
0.5           \t1.5e+00\t-1.0e-01\t7.0e-01
1.0           \t1.3e+00\t2.0e-01\t6.0e-01
2.0           \t1.1e+00\t5.0e-01\t5.0e-01
"""
FORCES = """# Forces
# CofR       : (0 0 0)
# Time forces(pressure viscous) moment(pressure viscous)
0.1 ((1 2 3) (0.1 0.2 0.3)) ((4 5 6) (0.4 0.5 0.6))
0.2 ((10 20 30) (1.1 1.2 1.3)) ((40 50 60) (1.4 1.5 1.6))
"""
PROBES = """# Probe 0 (0.1 0 0)
# Probe 1 (0.2 0 0)
#       Probe             0             1
#        Time
            0.1    (1 2 3)    (4 5 6)
            0.2    (7 8 9)    (10 11 12)
"""
PRINTS = """
 total force (fx,fy,fz) for set NFIX and time  0.5000000E+00

       -1.500000E+01  3.616670E-11 -6.497498E+00

 total force (fx,fy,fz) for set NFIX and time  0.1000000E+01

       -2.992500E+01  3.616670E-11 -6.497498E+00

 total force (fx,fy,fz) for set NLOAD and time  0.1000000E+01

        2.992500E+01  0.000000E+00  0.000000E+00

 displacements (vx,vy,vz) for set NTIP and time  0.1000000E+01

         5  1.436163E-01 -9.584979E-03 -1.131951E-03
         6  1.316817E-01  0.000000E+00 -1.251988E-03
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run with what several solvers write."""
    files = {
        "post/coefficients/0/coefficient.dat": COEFFICIENTS,
        "forces.dat": FORCES,
        "probes/0/U": PROBES,
        "plate.dat": PRINTS,
        "row.csv": "mass,price\n2.5,40\n",
        "pairs.csv": "mass [kg],2.5\nprice,40\n",
        "history.csv": "time [s];torque;speed\n0;1;10\n1;3;20\n",
        "result.json": '{"mass": {"total": 2.5}}',
        "log.txt": "mass = 2.5\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("post/coefficients/0/coefficient.dat: Cd", 1.1),
        ("post/coefficients/*/coefficient.dat: Cl", 0.5),
        ("post/coefficients/0/coefficient.dat: Cd(f)", 0.5),
        ("forces.dat: forces.viscous.y", 1.2),
        ("forces.dat: moment.pressure.z", 60.0),
        ("probes/0/U: 1.x", 10.0),
        ("plate.dat: total force NFIX.fx", -29.925),
        ("plate.dat: total force NLOAD.fx", 29.925),
        ("row.csv: price", 40.0),
        ("pairs.csv: mass", 2.5),
        ("history.csv: torque", 3.0),
        ("result.json: mass.total", 2.5),
        ("log.txt: mass", 2.5),
    ],
)
def test_the_last_value_is_found_in_what_solvers_write(folder, place, value):
    fields, files = read_scalars("run_1", folder, {"x": ScalarRule(place, unit="N")}, {})
    assert fields["x"].values.shape == (1, 1, 1)
    assert fields["x"].on == "run"
    assert fields["x"].unit == "N"
    assert fields["x"].values.item() == pytest.approx(value, rel=1e-15)
    assert len(files) == 1


def test_the_name_of_the_run_finds_its_file(folder):
    (folder / "run_7.csv").write_text("time,Cd\n0,1\n1,4\n")
    fields, _ = read_scalars("run_7", folder, {"Cd": ScalarRule("{run}.csv: Cd")}, {})
    assert fields["Cd"].values.item() == 4.0


def test_values_against_the_time_count_as_long_as_they_last():
    # A parabola on uneven times fine enough: mean 1/3 and variance 1/5 - 1/9 over [0, 1].
    times = np.linspace(0.0, 1.0, 4001) ** 2
    values = times**2
    assert reduced(times, values, "mean", None) == pytest.approx(1 / 3, abs=1e-6)
    assert reduced(times, values, "std", None) == pytest.approx(np.sqrt(1 / 5 - 1 / 9), abs=1e-6)
    assert reduced(times, values, "max", None) == 1.0
    assert reduced(times, -values, "min", None) == -1.0
    # From the half on: the mean of t^2 over [1/2, 1] is 7/12.
    assert reduced(times, values, "mean", 0.5) == pytest.approx(7 / 12, abs=1e-3)
    with pytest.raises(ValueError, match="no time from 2 on"):
        reduced(times, values, "mean", 2.0)


def test_a_restart_replaces_the_times_after_it(tmp_path):
    (tmp_path / "0.dat").write_text("# Time Cd\n1 1\n2 2\n3 3\n4 4\n")
    (tmp_path / "3.dat").write_text("# Time Cd\n3 30\n5 50\n")
    table = joined_tables([read_time_table(tmp_path / name) for name in ("3.dat", "0.dat")])
    assert table.times.tolist() == [1.0, 2.0, 3.0, 5.0]
    assert table.column("Cd").tolist() == [1.0, 2.0, 30.0, 50.0]
    # The same within one file, whose last row was being written when the solver was stopped.
    (tmp_path / "both.dat").write_text("# Time Cd\n1 1\n2 2\n3 3\n2.5 25\n3.5 35\n4.5")
    table = read_time_table(tmp_path / "both.dat")
    assert table.times.tolist() == [1.0, 2.0, 2.5, 3.5]
    assert table.column("Cd").tolist() == [1.0, 2.0, 25.0, 35.0]


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("nowhere.dat: Cd", "no file that matches 'nowhere.dat'"),
        ("forces.dat: Cd", "no column 'Cd' among forces.pressure.x"),
        ("plate.dat: total force.fx", "more than one block 'total force'"),
        ("plate.dat: stresses.xx", "no block 'stresses' among 'total force NFIX'"),
        ("plate.dat: displacements NTIP.vx", "several rows in the block"),
        ("result.json: mass.lost", "no 'mass.lost' in 'result.json'"),
        ("log.txt: price", "0 lines give it a number"),
    ],
)
def test_what_is_not_there_is_said(folder, place, said):
    with pytest.raises(RunRejected) as raised:
        read_scalars("run_1", folder, {"x": ScalarRule(place)}, {})
    assert raised.value.reason == "missing field"
    assert said in str(raised.value)
    assert "the scalar 'x'" in str(raised.value)


def test_a_value_that_is_no_number_is_refused(folder):
    (folder / "bad.csv").write_text("time,Cd\n0,1\n1,nan\n")
    with pytest.raises(RunRejected, match="no finite number"):
        read_scalars("run_1", folder, {"Cd": ScalarRule("bad.csv: Cd")}, {})
    with pytest.raises(RunRejected, match="no finite number"):
        read_scalars("run_1", folder, {"mass": ScalarRule()}, {"other": 1.0})


@pytest.mark.parametrize("times", [None, np.array([0.0, 1.0, 2.0])])
def test_a_scalar_is_stored_beside_the_fields(tmp_path, times):
    store = SnapshotStore(tmp_path / "store")
    mesh = Mesh(np.eye(3), {"triangle": np.array([[0, 1, 2]])})
    steps = 1 if times is None else len(times)
    for k in range(3):
        field = Field(np.full((steps, 3, 1), float(k)), "point")
        scalar = Field(np.full((1, 1, 1), 10.0 + k), "run", ("",), "N")
        store.add(Run(mesh, {"T": field, "force": scalar}, times), f"run_{k}", {"a": float(k)})
    assert verify(store) == {}
    snapshots = SnapshotStore(tmp_path / "store").snapshots()
    assert snapshots["force"].dims == ("run",)
    assert snapshots["force"].values.tolist() == [10.0, 11.0, 12.0]
    assert snapshots["force"].attrs["units"] == "N"
    assert freeze(store, "force")[:].tolist() == [[10.0], [11.0], [12.0]]
