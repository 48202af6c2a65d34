"""OpenFOAM cases against the solver's own probes, integrals, cell centres and volumes."""

from __future__ import annotations

import gzip
import re
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest

from fieldwright.data.errors import DivergedError, ReadError, TruncatedError, UnfinishedError
from fieldwright.data.formats import reader_for, reader_named
from fieldwright.data.formats.parsing.openfoam.foam_file import FoamFile

BOX = ["openfoam_ascii", "openfoam_binary", "openfoam_gzip", "openfoam_decomposed"]
TRANSIENT = [*BOX, "openfoam_polyhedra"]


@pytest.fixture
def case(sample, tmp_path):
    """A copy of a sample case that a test may spoil."""

    def copied(name: str) -> Path:
        return Path(shutil.copytree(sample(name), tmp_path / name))

    return copied


def probed(case: Path, field: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions (3, 3), times (t,) and values (t, 3, c) that the solver's probes wrote."""
    (file,) = (case / "postProcessing" / "probes").glob(f"*/{field}")
    lines = file.read_text().splitlines()
    places = [re.findall(r"\(([^)]*)\)", line)[0].split() for line in lines if line.startswith("# Probe ")]
    rows = [line.translate(str.maketrans("()", "  ")).split() for line in lines if not line.startswith("#")]
    numbers = np.array(rows, dtype=float)
    return np.array(places, dtype=float), numbers[:, 0], numbers[:, 1:].reshape(len(rows), len(places), -1)


def integrals(case: Path) -> tuple[float, np.ndarray]:
    """The volume, and rows of (time, integral of U, integral of p) that the solver wrote."""
    lines = (case / "postProcessing" / "integrals" / "0" / "volFieldValue.dat").read_text().splitlines()
    rows = [line.translate(str.maketrans("()", "  ")).split() for line in lines if not line.startswith("#")]
    return float(lines[2].split(":")[1]), np.array(rows, dtype=float)


@pytest.mark.parametrize("name", BOX)
@pytest.mark.parametrize("field", ["U", "p"])
def test_values_stand_where_the_solvers_probes_found_them(sample, name, field):
    run = reader_for(sample(name)).read(sample(name), [field])
    places, times, values = probed(sample(name), field)
    assert run.times == pytest.approx(times, rel=1e-12)
    nearest = [np.argmin(np.linalg.norm(run.mesh.cell_centres - place, axis=1)) for place in places]
    # The probes print six digits.
    assert run.fields[field].values[:, nearest] == pytest.approx(values, rel=2e-5, abs=1e-9)


@pytest.mark.parametrize("name", TRANSIENT)
def test_volumes_integrate_fields_as_the_solver_does(sample, name):
    run = reader_for(sample(name)).read(sample(name))
    volume, rows = integrals(sample(name))
    weights = run.mesh.cell_volumes
    assert weights.sum() == pytest.approx(volume, rel=1e-6)
    both = np.concatenate([run.fields["U"].values, run.fields["p"].values], axis=2)
    assert np.einsum("tnc,n->tc", both, weights) == pytest.approx(rows[:, 1:], rel=1e-5, abs=1e-10)


@pytest.mark.parametrize(("name", "exact"), [("openfoam_ascii", 1e-5), ("openfoam_polyhedra", 1e-13)])
def test_centres_and_volumes_are_the_solvers_own(sample, name, exact):
    latest = sample(name) / "0.03"
    run = reader_named("openfoam").read(sample(name), ["U"])
    centres = FoamFile(latest / "C").field("internalField", "vector", run.mesh.n_cells)
    volumes = FoamFile(latest / "V").field("internalField", "scalar", len(centres))
    assert run.mesh.cell_centres == pytest.approx(centres, rel=exact)
    assert run.mesh.cell_volumes == pytest.approx(volumes[:, 0], rel=exact)


def test_tensors_keep_the_order_of_their_components(sample):
    """UPrime2Mean's trace and the divergence of U tie the components' names to the solver's values."""
    run = reader_named("openfoam").read(sample("openfoam_ascii"))
    gradient, mean_square = run.fields["grad(U)"], run.fields["UPrime2Mean"]
    assert gradient.components == ("xx", "xy", "xz", "yx", "yy", "yz", "zx", "zy", "zz")
    assert mean_square.components == ("xx", "xy", "xz", "yy", "yz", "zz")
    for name in ("grad(U)", "UPrime2Mean"):
        places, _, values = probed(sample("openfoam_ascii"), name)
        nearest = [np.argmin(np.linalg.norm(run.mesh.cell_centres - place, axis=1)) for place in places]
        assert run.fields[name].values[-1, nearest] == pytest.approx(values[-1], rel=2e-5)
    square = {name: mean_square.values[..., i] for i, name in enumerate(mean_square.components)}
    assert all((square[diagonal] >= 0).all() for diagonal in ("xx", "yy", "zz"))
    assert (square["xy"] ** 2 <= square["xx"] * square["yy"] * (1 + 1e-4)).all()


def test_units_are_written_out_from_the_dimensions(sample):
    described = reader_named("openfoam").describe(sample("openfoam_ascii")).fields
    units = {name: described[name].unit for name in ("U", "p", "grad(U)", "UPrime2Mean")}
    assert units == {"U": "m/s", "p": "m2/s2", "grad(U)": "1/s", "UPrime2Mean": "m2/s2"}


@pytest.mark.parametrize(
    ("dimensions", "unit"),
    [
        ("1 -1 -2 0 0 0 0", "Pa"), ("1 0 -3 -1 0 0 0", "kg/(s3 K)"), ("0 0 0 0 0 0 0", "1"),
        ("0 0 0 1 0", "K"), ("1 1 -3 -1 0 0 0", "kg m/(s3 K)"), ("0 2 -1.5 0 0 0 0", "m2/s1.5"),
    ],
)  # fmt: skip
def test_dimensions_become_units(tmp_path, dimensions, unit):
    (tmp_path / "T").write_text(
        f"FoamFile {{ format ascii; class volScalarField; }}\ndimensions [{dimensions}];"
    )
    assert FoamFile(tmp_path / "T").unit == unit


def test_a_description_agrees_with_what_is_read(sample):
    for name in [*TRANSIENT, "openfoam_steady"]:
        described, run = (
            reader_for(sample(name)).describe(sample(name)),
            reader_for(sample(name)).read(sample(name)),
        )
        assert (described.n_points, described.n_cells) == (run.mesh.n_points, run.mesh.n_cells)
        assert list(described.fields) == list(run.fields)
        assert (
            np.array_equal(described.times, run.times) if run.times is not None else described.times is None
        )


def test_a_decomposed_case_is_the_serial_one(sample):
    """Processors are put together in the serial order; the solver's tolerance alone lies between."""
    serial = reader_named("openfoam").read(sample("openfoam_binary"))
    parallel = reader_named("openfoam").read(sample("openfoam_decomposed"))
    assert "3 processor folders put together" in parallel.notes
    assert parallel.mesh.hash == serial.mesh.hash
    assert parallel.fields["U"].values == pytest.approx(serial.fields["U"].values, abs=1e-7)


def test_a_decomposed_case_without_its_root_mesh_keeps_the_serial_order(sample, case):
    folder = case("openfoam_decomposed")
    shutil.rmtree(folder / "constant")
    whole, pieces = (
        reader_named("openfoam").read(sample("openfoam_decomposed")),
        reader_named("openfoam").read(folder),
    )
    assert np.array_equal(pieces.mesh.points, whole.mesh.points)
    assert pieces.mesh.cell_centres == pytest.approx(whole.mesh.cell_centres, rel=1e-13)
    assert np.array_equal(pieces.fields["p"].values, whole.fields["p"].values)


def test_a_decomposed_case_without_addresses_stands_processor_by_processor(sample, case):
    folder = case("openfoam_decomposed")
    for file in folder.glob("processor*/constant/polyMesh/*ProcAddressing"):
        file.unlink()
    whole, pieces = (
        reader_named("openfoam").read(sample("openfoam_decomposed")),
        reader_named("openfoam").read(folder),
    )
    assert any("processor by processor" in note for note in pieces.notes)
    assert np.sort(pieces.fields["p"].values, axis=1) == pytest.approx(
        np.sort(whole.fields["p"].values, axis=1)
    )
    assert pieces.mesh.cell_volumes.sum() == pytest.approx(whole.mesh.cell_volumes.sum(), rel=1e-13)


def test_a_missing_processor_is_refused(case):
    folder = case("openfoam_decomposed")
    shutil.rmtree(folder / "processor2")
    with pytest.raises(ReadError, match="2 of 3 processor folders"):
        reader_named("openfoam").read(folder)


def test_a_steady_run_keeps_its_last_iteration_and_says_so(sample):
    run = reader_named("openfoam").read(sample("openfoam_steady"))
    assert run.times is None
    assert run.fields["U"].values.shape[0] == 1
    assert any("steady run" in note for note in run.notes)
    assert not any("stopped early" in note for note in run.notes)


def test_time_zero_is_no_result(sample, case):
    run = reader_named("openfoam").read(sample("openfoam_ascii"))
    assert "time 0, the initial state, left out" in run.notes
    assert run.times.min() > 0
    folder = case("openfoam_ascii")
    for time in ("0.015", "0.03"):
        shutil.rmtree(folder / time)
    with pytest.raises(ReadError, match=r"a time after 0\. Got its initial state alone"):
        reader_named("openfoam").read(folder)


def test_a_crashed_run_is_refused_in_the_logs_words(sample):
    with pytest.raises(DivergedError, match=r"must have ended\. Got .*'log.icoFoam' at Time = "):
        reader_named("openfoam").read(sample("openfoam_crashed"))


def test_a_run_whose_log_breaks_off_is_refused(case):
    folder = case("openfoam_ascii")
    log = folder / "log.icoFoam"
    log.write_text(log.read_text()[:-200])
    with pytest.raises(UnfinishedError, match=r"'log\.icoFoam' stopping at Time = 0.03"):
        reader_named("openfoam").read(folder)
    log.unlink()
    assert any("no log of the solver" in note for note in reader_named("openfoam").read(folder).notes)


def test_times_that_miss_the_end_are_noted(case):
    folder = case("openfoam_ascii")
    shutil.rmtree(folder / "0.03")
    assert (
        "stopped early: the last time is 0.015, endTime is 0.03"
        in reader_named("openfoam").read(folder).notes
    )


def test_a_field_that_some_times_lack_is_left_out_with_a_note(case):
    folder = case("openfoam_ascii")
    (folder / "0.015" / "p").unlink()
    run = reader_named("openfoam").read(folder)
    assert "p" not in run.fields
    assert "p left out: not every time holds it" in run.notes
    with pytest.raises(ReadError, match="must hold the field 'p'"):
        reader_named("openfoam").read(folder, ["p"])


@pytest.mark.parametrize("name", ["openfoam_ascii", "openfoam_binary"])
def test_a_field_that_breaks_off_is_refused(case, name):
    folder = case(name)
    field = folder / "0.03" / "U"
    start = field.read_bytes().index(b"nonuniform")
    field.write_bytes(field.read_bytes()[: start + 300])
    with pytest.raises(TruncatedError, match=r"'0\.03/U' must be a whole OpenFOAM file"):
        reader_named("openfoam").read(folder)


def test_text_among_numbers_is_refused(case):
    folder = case("openfoam_ascii")
    field = folder / "0.03" / "p"
    text = re.sub(r"(nonuniform List<scalar>\s+24\s+\(\s+)\S+", r"\1nanny", field.read_text())
    field.write_text(text)
    with pytest.raises(ReadError, match="text among its numbers"):
        reader_named("openfoam").read(folder)


def test_a_uniform_field_fills_every_cell(case):
    folder = case("openfoam_ascii")
    for time in ("0.015", "0.03"):
        field = folder / time / "U"
        text = re.sub(
            r"internalField.*?\n\)\n;", "internalField uniform (1 2 -3e-2);", field.read_text(), flags=re.S
        )
        field.write_text(text)
    values = reader_named("openfoam").read(folder, ["U"]).fields["U"].values
    assert values.shape == (2, 24, 3)
    assert np.array_equal(np.unique(values.reshape(-1, 3), axis=0), [[1, 2, -0.03]])


@pytest.mark.parametrize("order", ["LSB", "MSB"])
@pytest.mark.parametrize(("label", "scalar"), [(32, 32), (32, 64), (64, 32), (64, 64)])
@pytest.mark.parametrize("packed", [False, True])
def test_every_architecture_of_binary_lists_is_read(tmp_path, order, label, scalar, packed):
    """No Debian build writes single precision or 64-bit labels: the bytes are laid out here by struct."""
    sign = "<" if order == "LSB" else ">"
    head = (
        f'FoamFile {{ format binary; class volVectorField; arch "{order};label={label};scalar={scalar}"; }}\n'
    )
    numbers = struct.pack(f"{sign}6{'f' if scalar == 32 else 'd'}", *(0.5, -1, 2, 1e-3, 4, 40))
    labels = struct.pack(f"{sign}3{'i' if label == 32 else 'q'}", 7, 0, 123456)
    body = b"internalField nonuniform List<vector>\n2\n(" + numbers + b")\n;\nboundaryField {}\n"
    write = gzip.compress if packed else bytes
    (tmp_path / ("U.gz" if packed else "U")).write_bytes(write(head.encode() + body))
    (tmp_path / "owner").write_bytes(head.encode() + b"// * //\n3\n(" + labels + b")\n")
    values = FoamFile(tmp_path / "U").field("internalField", "vector", 2)
    assert values == pytest.approx(np.array([[0.5, -1, 2], [1e-3, 4, 40]]))
    assert values.dtype == (np.float32 if scalar == 32 else np.float64)
    assert FoamFile(tmp_path / "owner").list_of("label")[0].tolist() == [7, 0, 123456]


def test_a_foam_file_in_the_case_stands_for_the_case(case):
    folder = case("openfoam_binary")
    (folder / "case.foam").touch()
    assert reader_for(folder / "case.foam").name == "openfoam"
    assert reader_named("openfoam").describe(folder / "case.foam").n_cells == 24


def test_a_mesh_that_changes_is_refused(case):
    folder = case("openfoam_ascii")
    shutil.copytree(folder / "constant" / "polyMesh", folder / "0.03" / "polyMesh")
    with pytest.raises(ReadError, match=r"must stay the same. Got other points at time 0.03"):
        reader_named("openfoam").read(folder)
    # A mesh in a time folder before the first result replaces the one in constant (snappyHexMesh).
    shutil.move(folder / "0.03" / "polyMesh", folder / "0.015" / "polyMesh")
    shutil.rmtree(folder / "constant")
    assert reader_named("openfoam").read(folder).mesh.n_cells == 24


def test_several_regions_are_refused(case):
    folder = case("openfoam_ascii")
    (folder / "constant" / "fluid").mkdir()
    shutil.move(folder / "constant" / "polyMesh", folder / "constant" / "fluid")
    with pytest.raises(ReadError, match=r"must have one mesh\. Got the regions fluid"):
        reader_named("openfoam").read(folder)


def test_the_cylinders_forces_file_and_times_agree_with_the_fields(shared_runs):
    """101 times from 80 to 100; the log's spin-up is no reason to refuse."""
    run = reader_for(shared_runs("of_cylinder_re100")).read(shared_runs("of_cylinder_re100"), ["p"])
    assert run.times == pytest.approx(np.linspace(80, 100, 101))
    assert run.fields["p"].values.shape == (101, 3669, 1)
    # The span is 0.1 m over a plane box less the unit cylinder: a known outline checks the summed volume.
    low, high = run.mesh.points.min(axis=0), run.mesh.points.max(axis=0)
    box = np.prod(high - low)
    assert run.mesh.cell_volumes.sum() == pytest.approx(box - 0.25 * np.pi * (high - low)[2], rel=1e-3)
