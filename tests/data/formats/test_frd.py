"""CalculiX results against what the solver printed to its .dat files."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from fieldwright.data.errors import DivergedError, ReadError, TruncatedError, UnfinishedError
from fieldwright.data.formats import reader_for, reader_named
from fieldwright.data.formats.parsing.finite_elements.frd_file import FrdFile


def printed(path: Path, heading: str) -> list[np.ndarray]:
    """The tables of a .dat file under lines that begin with the heading, in their order."""
    tables: list[np.ndarray] = []
    rows: list[list[float]] | None = None
    for line in [*path.read_text().splitlines(), "end of file"]:
        words = line.split()
        if words and not words[0].lstrip("-").isdigit():
            if rows:
                tables.append(np.array(rows))
            rows = [] if line.strip().startswith(heading) else None
        elif words and rows is not None:
            rows.append([float(word) for word in words])
    return tables


@pytest.mark.parametrize("name", ["text", "binary"])
def test_displacements_are_those_the_solver_printed(sample, name):
    path = sample("ccx_solids") / f"{name}.frd"
    run = reader_for(path).read(path, ["DISP"])
    numbers, _ = FrdFile(path).nodes()
    (table,) = printed(path.with_suffix(".dat"), "displacements")
    assert np.array_equal(numbers, table[:, 0])
    assert run.fields["DISP"].values[0] == pytest.approx(table[:, 1:], rel=1e-5, abs=1e-9)
    assert run.fields["DISP"].components == ("x", "y", "z")


@pytest.mark.parametrize("name", ["text", "binary"])
def test_stress_components_carry_their_own_names(sample, name):
    """Six different stresses, the same all over an element: .dat lists them in another order than .frd does."""
    path = sample("ccx_solids") / f"{name}.frd"
    run = reader_named("frd").read(path, ["STRESS"])
    stress = run.fields["STRESS"]
    assert stress.components == ("xx", "yy", "zz", "xy", "yz", "xz")
    (table,) = printed(path.with_suffix(".dat"), "stresses")
    for number, (nodes,) in enumerate(run.mesh.cells.values(), start=11):
        rows = table[table[:, 0] == number, 2:].mean(axis=0)
        known = dict(zip(("xx", "yy", "zz", "xy", "xz", "yz"), rows, strict=True))
        for i, component in enumerate(stress.components):
            # CalculiX extrapolates to the nodes with coefficients of five digits.
            assert stress.values[0, nodes, i] == pytest.approx(known[component], rel=1e-4)


@pytest.mark.parametrize("name", ["text", "binary"])
def test_nodes_of_every_element_stand_in_meshios_order(sample, name):
    """A mid node lies halfway between its corners: this holds in one order alone."""
    mesh = reader_named("frd").read(sample("ccx_solids") / f"{name}.frd").mesh
    assert {kind: nodes.shape for kind, nodes in mesh.cells.items()} == {
        "hexahedron": (1, 8), "wedge": (1, 6), "tetra": (1, 4),
        "hexahedron20": (1, 20), "wedge15": (1, 15), "tetra10": (1, 10),
    }  # fmt: skip
    edges = {
        "hexahedron20": "01 12 23 30 45 56 67 74 04 15 26 37",
        "wedge15": "01 12 20 34 45 53 03 14 25",
        "tetra10": "01 12 20 03 13 23",
    }
    for kind, pairs in edges.items():
        corners = np.array([[int(a), int(b)] for a, b in pairs.split()])
        x = mesh.points[mesh.cells[kind][0]]
        first_mid = corners.max() + 1
        assert x[first_mid:] == pytest.approx(x[corners].mean(axis=1))


def test_text_and_binary_tell_the_same(sample):
    text, binary = (
        reader_named("frd").read(sample("ccx_solids") / f"{name}.frd") for name in ("text", "binary")
    )
    assert list(text.mesh.cells) == list(binary.mesh.cells)
    for kind in text.mesh.cells:
        assert np.array_equal(text.mesh.cells[kind], binary.mesh.cells[kind])
    assert text.fields["STRESS"].values == pytest.approx(binary.fields["STRESS"].values, rel=1e-5)
    assert binary.fields["STRESS"].values.dtype == np.float32
    assert text.mesh.points == pytest.approx(binary.mesh.points, rel=1e-5)


def test_all_increments_of_all_steps_are_read(sample):
    path = sample("ccx_heating") / "bar.frd"
    run = reader_named("frd").read(path)
    assert run.times.tolist() == [0.25, 0.5, 1.0, 1.5]
    tables = printed(path.with_suffix(".dat"), "temperatures")
    assert run.fields["NDTEMP"].values[..., 0] == pytest.approx(np.array([t[:, 1] for t in tables]), rel=1e-5)
    assert run.fields["NDTEMP"].components == ("",)


def test_one_static_increment_is_a_steady_run(sample):
    run = reader_named("frd").read(sample("ccx_solids") / "text.frd")
    assert run.times is None
    assert run.fields["DISP"].values.shape == (1, 63, 3)


def test_equal_frequencies_of_two_modes_are_both_kept(sample):
    run = reader_named("frd").read(sample("ccx_modes") / "bar.frd")
    assert run.times.tolist() == [1, 2, 3, 4]
    assert any("do not rise" in note for note in run.notes)
    first, second = run.fields["DISP"].values[:2]
    # Modes are orthogonal; here masses are equal up to the free corner nodes, so both differ widely.
    assert abs(np.vdot(first, second)) < 0.1 * np.vdot(first, first)


def test_twelve_components_stand_on_two_lines_each(sample):
    """Magnitudes follow from the real and imaginary parts beside them."""
    run = reader_named("frd").read(sample("ccx_harmonic") / "bar.frd")
    real, imaginary = run.fields["STRESS"].values, run.fields["STRESSI"].values
    whole = run.fields["PSTRESS"]
    assert whole.components[:2] == ("MAGXX", "MAGYY")
    assert whole.components[6:8] == ("PHAXX", "PHAYY")
    assert whole.values[..., :6] == pytest.approx(np.hypot(real, imaginary), rel=1e-3, abs=1e-4)


def test_shells_and_beams_written_flat_keep_their_nodes(sample):
    path = sample("ccx_shells") / "flat.frd"
    run = reader_named("frd").read(path)
    ends, middle = (
        run.mesh.points[run.mesh.cells["line3"][0]][:2],
        run.mesh.points[run.mesh.cells["line3"][0]][2],
    )
    assert middle == pytest.approx(ends.mean(axis=0))
    assert run.mesh.cells["quad"].shape == (2, 4)
    (table,) = printed(path.with_suffix(".dat"), "displacements")
    assert run.fields["DISP"].values[0] == pytest.approx(table[:, 1:], rel=1e-4, abs=1e-6)


def test_a_diverged_step_is_refused_though_the_file_holds_it(sample, tmp_path):
    folder = sample("ccx_diverged")
    with pytest.raises(
        DivergedError, match=r"must have converged.* increment 3 of step 1 not converged \('bar\.sta'\)"
    ):
        reader_named("frd").read(folder / "bar.frd")
    # Without .sta and log the file itself still lacks its end.
    shutil.copy(folder / "bar.frd", tmp_path)
    with pytest.raises(UnfinishedError, match="no closing 9999"):
        reader_named("frd").read(tmp_path / "bar.frd")


def test_attempts_that_were_repeated_with_success_do_no_harm(sample, tmp_path):
    """Increment 2 of the diverging run failed twice and then converged."""
    shutil.copy(sample("ccx_heating") / "bar.frd", tmp_path)
    lines = (sample("ccx_diverged") / "bar.sta").read_text().splitlines(keepends=True)
    (tmp_path / "bar.sta").write_text("".join(lines[:-1]))
    assert reader_named("frd").read(tmp_path / "bar.frd").notes == ()
    (tmp_path / "bar.sta").unlink()
    assert any("no bar.sta" in note for note in reader_named("frd").read(tmp_path / "bar.frd").notes)


def test_a_log_without_an_end_is_refused(sample, tmp_path):
    folder = Path(shutil.copytree(sample("ccx_heating"), tmp_path / "run"))
    log = folder / "bar.log"
    log.write_text(log.read_text().replace("Job finished", ""))
    with pytest.raises(UnfinishedError, match=r"no 'Job finished' in 'bar\.log'"):
        reader_named("frd").read(folder / "bar.frd")


@pytest.mark.parametrize(
    ("name", "share"), [("text", 0.3), ("text", 0.97), ("binary", 0.5), ("binary", 0.97)]
)
def test_a_file_that_breaks_off_is_refused(sample, tmp_path, name, share):
    content = (sample("ccx_solids") / f"{name}.frd").read_bytes()
    (tmp_path / "cut.frd").write_bytes(content[: int(share * len(content))])
    with pytest.raises(TruncatedError, match=r"'cut\.frd' must be a whole CalculiX result file"):
        reader_named("frd").read(tmp_path / "cut.frd")


def test_a_field_at_some_increments_is_left_out_with_a_note(sample, tmp_path):
    text = (sample("ccx_heating") / "bar.frd").read_text()
    at = text.rindex("    1PSTEP")
    (tmp_path / "bar.frd").write_text(text[:at] + " 9999\n")
    run = reader_named("frd").read(tmp_path / "bar.frd")
    assert list(run.fields) == ["NDTEMP"]
    assert "FLUX left out: not every increment holds it" in run.notes
    with pytest.raises(ReadError, match=r"Every increment in .* must hold the field 'FLUX'"):
        reader_named("frd").read(tmp_path / "bar.frd", ["FLUX"])


def test_glued_numbers_and_windows_line_ends_are_read(sample, tmp_path):
    content = (sample("ccx_solids") / "text.frd").read_bytes()
    assert b"E-03-" in content
    (tmp_path / "text.frd").write_bytes(content.replace(b"\n", b"\r\n"))
    unix, windows = (reader_named("frd").read(p / "text.frd") for p in (sample("ccx_solids"), tmp_path))
    assert np.array_equal(unix.fields["STRESS"].values, windows.fields["STRESS"].values)
    assert np.array_equal(unix.mesh.cells["hexahedron20"], windows.mesh.cells["hexahedron20"])


def test_values_at_part_of_the_nodes_leave_nan_elsewhere(sample, tmp_path):
    lines = (sample("ccx_solids") / "text.frd").read_text().splitlines(keepends=True)
    first = next(i for i, line in enumerate(lines) if " -4  STRESS" in line)
    del lines[first + 7 : first + 10]
    lines[first - 1] = lines[first - 1].replace("          63", "          60")
    (tmp_path / "part.frd").write_text("".join(lines))
    run = reader_named("frd").read(tmp_path / "part.frd")
    assert "STRESS is given at 60 of 63 nodes, NaN elsewhere" in run.notes
    assert np.array_equal(np.isnan(run.fields["STRESS"].values[0, :, 0]), np.arange(63) < 3)


def test_the_plate_is_pulled_by_its_load(shared_runs):
    """At the loaded end x = 100 mm the stress xx is the load, and the nodes move as printed."""
    folder = shared_runs("ccx_plate_thermomech")
    loads = dict(line.split(",")[:2] for line in (folder / "params.csv").read_text().split())
    for case in sorted(folder.glob("case_00[1-3]")):
        run = reader_for(case / "plate.frd").read(case / "plate.frd")
        (table,) = printed(case / "plate.dat", "displacements")
        at = table[:, 0].astype(int) - 1
        assert run.fields["DISP"].values[0, at] == pytest.approx(table[:, 1:], rel=1e-5, abs=1e-9)
        assert run.mesh.cells["tetra10"].shape == (1843, 10)
        end = run.mesh.points[:, 0] == 100
        assert run.fields["STRESS"].values[0, end, 0].mean() == pytest.approx(
            float(loads[case.name]), rel=0.01
        )
