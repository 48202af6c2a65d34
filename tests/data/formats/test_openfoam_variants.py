"""OpenFOAM files as people and other tools write them: the same two cubes and values in every spelling."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from fieldwright.data.errors import ReadError, RunRejected
from fieldwright.data.formats import reader_named
from fieldwright.data.ingest.checks import check_finite

POINTS = "(0 0 0) (1 0 0) (2 0 0) (0 1 0) (1 1 0) (2 1 0) (0 0 1) (1 0 1) (2 0 1) (0 1 1) (1 1 1) (2 1 1)"
FACES = (
    "(1 4 10 7) (0 6 9 3) (2 5 11 8) (0 3 4 1) (6 7 10 9) (0 1 7 6) (3 9 10 4) (1 4 5 2) (7 8 11 10) "
    "(1 2 8 7) (4 10 11 5)"
)
OWNER = "0 0 1 0 0 0 0 1 1 1 1"
DIMENSIONS = "dimensions [0 0 0 1 0 0 0];\n"
LIST = "internalField nonuniform List<scalar> "
END = "\nboundaryField { a { type calculated; value nonuniform List<scalar> 2(8 9); } }\n"


def header(kind: str, more: str = "") -> str:
    return f"// {{ ; \nFoamFile\n{{ version 2.0; format ascii; class {kind}; {more} }}\n"


@pytest.fixture
def case(tmp_path):
    """Writes a case of two cubes with the given times: folder name to the text of T behind its header."""

    def written(times: dict[str, str], schemes: str = "", control: str = "", more: str = "") -> Path:
        counted = FACES.replace("(", "4(")
        mesh = {
            "points": f"{header('vectorField')}12({POINTS})",
            "faces": f"{header('faceList')}11({counted})",
            "owner": f"{header('labelList')}11({OWNER})",
            "neighbour": f"{header('labelList')}1(1)",
        }
        files = {f"constant/polyMesh/{name}": text for name, text in mesh.items()}
        files["system/controlDict"] = header("dictionary") + control
        files["system/fvSchemes"] = header("dictionary") + schemes
        files |= {f"{time}/T": header("volScalarField", more) + text for time, text in times.items()}
        for name, text in files.items():
            (tmp_path / "c" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "c" / name).write_text(text)
        return tmp_path / "c"

    return written


def read(folder: Path):
    described, run = reader_named("openfoam").describe(folder), reader_named("openfoam").read(folder)
    assert described.fields["T"].unit == run.fields["T"].unit == "K"
    assert described.n_points == 12
    assert described.n_cells == run.mesh.n_cells == 2
    return run


@pytest.mark.parametrize(
    "text",
    [
        f"{DIMENSIONS}{LIST}2(11 22);",
        f"// dimensions [1 0 0 0 0 0 0];\n{DIMENSIONS}// internalField uniform 300;\n{LIST}2(11 22);",
        f"/* {DIMENSIONS} internalField uniform 1; */{DIMENSIONS}/**/{LIST}2\n(\n11\n22\n)\n;",
        f"{DIMENSIONS}internalField /* uniform 1; */ nonuniform // uniform 2;\nList<scalar>\n2 // 3\n(11 22);",
        f"{DIMENSIONS}{LIST}2(11 /* 5) */ 22 // 7)\n);",
        f"{DIMENSIONS}{LIST}(11 22);",
        f"{DIMENSIONS}internalField nonuniform 2(11 22);",
        f"{DIMENSIONS}internalField nonuniform (11 22);",
        f"{DIMENSIONS}internalField uniform 5; {LIST}2(11 22);",
        f"{DIMENSIONS}oldinternalField uniform 5; {LIST}2(11 22); internalFieldOld uniform 6;",
        f"note \"dimensions [1 0 0 0 0 0 0]; internalField uniform 3; // \"; {DIMENSIONS}{LIST}2(11 22);",
        f"inner {{ internalField uniform 3; dimensions [1 0 0 0 0 0 0]; }} {DIMENSIONS}{LIST}2(11 22);",
        f"dimensions [1 0 0 0 0 0 0]; {DIMENSIONS}{LIST}2(11 22);",
        f"{DIMENSIONS}there nonuniform List<scalar> 2(11 22); internalField $there;",
        f"#inputMode merge\n{DIMENSIONS}{LIST}2(11. 2.2e+01);",
    ],
)  # fmt: skip
def test_the_field_is_found_in_every_spelling(case, text):
    """Comments hold other values, entries end alike, equal ones come first, lists tell their length or not."""
    run = read(case({"1": text + END}))
    assert run.fields["T"].values.ravel().tolist() == [11, 22]


@pytest.mark.parametrize("text", ["uniform 3", "uniform $T0", "$there", "uniform 3 // 4\n"])
def test_a_uniform_field_may_come_through_a_macro(case, text):
    run = read(case({"1": f"T0 3; there uniform $T0; {DIMENSIONS}internalField {text};{END}"}))
    assert run.fields["T"].values.ravel().tolist() == [3, 3]


@pytest.mark.parametrize(
    ("text", "name"), [("uniform $nowhere", r"\$nowhere"), ("#calc \"3*2\"", "#calc"), ("uniform #eval{3}", "#eval")]
)  # fmt: skip
def test_a_field_that_only_openfoam_can_tell_is_refused_by_name(case, text, name):
    with pytest.raises(ReadError, match=name):
        reader_named("openfoam").read(case({"1": f"{DIMENSIONS}internalField {text};{END}"}))


@pytest.mark.parametrize("more", ["meta { writer x; }", "a { b { c 1; } } format ascii;", 'note "a } b";'])
def test_a_header_may_hold_dictionaries(case, more):
    run = read(case({"1": f"{DIMENSIONS}{LIST}2(11 22);{END}"}, more=more))
    assert run.fields["T"].values.ravel().tolist() == [11, 22]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("points", f"{header('vectorField')}({POINTS})"),
        ("points", f"{header('vectorField')}// 5\n12 /* ( */\n(\n{POINTS}\n) // end"),
        ("faces", f"{header('faceList')}({FACES})"),
        ("faces", f"{header('faceList')}11({FACES})"),
        ("faces", f"{header('faceList')}({FACES.replace('(', '4(')})"),
        ("faces", f"{header('faceList')}11 ( {FACES.replace('(', '4 // corners' + chr(10) + '(')} )"),
        ("owner", f"{header('labelList')}({OWNER})"),
        ("owner", f"{header('labelList', 'note ' + chr(34) + 'nCells:2' + chr(34) + ';')}11({OWNER} /* 1 */)"),
        ("neighbour", f"{header('labelList')}1{{1}}"),
        ("neighbour", f"{header('labelList')}(1)"),
    ],
)  # fmt: skip
def test_a_mesh_may_leave_out_lengths_and_hold_comments(case, name, text):
    folder = case({"1": f"{DIMENSIONS}{LIST}2(11 22);{END}"})
    (folder / "constant" / "polyMesh" / name).write_text(text)
    run = read(folder)
    assert run.mesh.cell_volumes == pytest.approx([1, 1])
    assert run.mesh.cell_centres == pytest.approx(np.array([[0.5, 0.5, 0.5], [1.5, 0.5, 0.5]]))


@pytest.mark.parametrize("word", ["nan", "-nan", "nan(ind)", "-nan(ind)", "1.#QNAN", "-1.#IND", "***", "inf"])
@pytest.mark.parametrize("form", ["2(11 {})", "(11 {})", "uniform {}"])
def test_a_diverged_field_is_not_finite_and_not_damaged(case, word, form):
    given = form.format(word) if "uniform" in form else f"nonuniform List<scalar> {form.format(word)}"
    run = read(case({"1": f"{DIMENSIONS}internalField {given};{END}"}))
    with pytest.raises(RunRejected, match="diverged") as rejected:
        check_finite(run)
    assert rejected.value.reason == "not finite"


@pytest.mark.parametrize(
    ("names", "times", "left_out"),
    [
        (["0", "1e-05", "2E-5", "0.00003"], [1e-5, 2e-5, 3e-5], ["0"]),
        (["-0.02", "-0.01", "0.01"], [-0.02, -0.01, 0.01], []),
        (["-180", "-1e-1", "0", "1.5e+01"], [-180, -0.1, 0, 15], []),
        (["-2", "-1"], [-2, -1], []),
        (["-1e-05", "0"], [-1e-5, 0], []),
        (["0", "1e+06", "999999"], [999999, 1e6], ["0"]),
    ],
)
def test_times_at_and_below_zero_and_with_exponents_are_read(case, names, times, left_out):
    run = read(case({name: f"{DIMENSIONS}{LIST}2({float(name)} 22);{END}" for name in names}))
    assert run.times is not None
    assert list(run.times) == times
    assert run.fields["T"].values[:, 0, 0].tolist() == times
    assert [note.split()[1].rstrip(",") for note in run.notes if "initial state" in note] == left_out


def test_what_the_solver_did_not_write_is_the_initial_state_below_zero_too(case):
    """The solver writes a folder "uniform" into each of its times."""
    names = ["-180", "-90", "0", "90"]
    folder = case({name: f"{DIMENSIONS}{LIST}2({name} 22);{END}" for name in names})
    for name in ("-90", "90"):
        (folder / name / "uniform").mkdir()
    run = read(folder)
    assert run.times is not None
    assert list(run.times) == [-90, 90]
    for name in ("-180", "0"):
        assert f"time {name}, the initial state, left out" in run.notes


@pytest.mark.parametrize(
    ("schemes", "steady"),
    [
        ("ddtSchemes { default steadyState; }", True),
        ("ddtSchemes { default Euler; }", False),
        ("d2dt2Schemes { default steadyState; } ddtSchemes { default Euler; }", False),
        ("ddtSchemes { default Euler; /* default steadyState; */ } // default steadyState;", False),
        ("ddtSchemes { default none; ddt(T) steadyState; ddt(U) bounded steadyState; }", True),
        ("ddtSchemes { default none; ddt(T) Euler; ddt(U) steadyState; }", False),
        ("s steadyState; ddtSchemes { default $s; }", True),
        ("ddtSchemes { default Euler; } ddtSchemes { default steadyState; }", True),
        ("ddtSchemes { default steadyState; default Euler; }", False),
    ],
)  # fmt: skip
def test_a_run_is_steady_by_its_time_scheme_alone(case, schemes, steady):
    run = read(case({"100": f"{DIMENSIONS}{LIST}2(11 22);{END}"}, schemes=schemes))
    assert (run.times is None) == steady


@pytest.mark.parametrize(
    ("control", "early"),
    [
        ("endTime 3;", True), ("endTime 2;", False), ("// endTime 3;\nendTime 2;", False),
        ("endTime 3; endTime 2;", False),
        ("last 3; endTime $last;", True), ("myendTime 3; endTime 2;", False), ("f { endTime 3; } endTime 2;", False),
    ],
)  # fmt: skip
def test_the_end_time_is_the_control_dictionarys_own(case, control, early):
    run = read(case(dict.fromkeys("12", f"{DIMENSIONS}{LIST}2(11 22);{END}"), control=control))
    assert any("stopped early" in note for note in run.notes) == early


def test_settings_need_no_header(case):
    """OpenFOAM 11 leaves headers out."""
    folder = case({"1": f"{DIMENSIONS}{LIST}2(11 22);{END}"})
    (folder / "system" / "controlDict").write_text("endTime 9; application foamRun;")
    (folder / "system" / "fvSchemes").write_text("ddtSchemes { default steadyState; }")
    run = read(folder)
    assert run.times is None
    assert any("steady run" in note for note in run.notes)


def test_a_decomposed_run_at_crank_angles_keeps_its_times(case):
    folder = case({"-180": f"{DIMENSIONS}{LIST}2(0 0);{END}"})
    for n in (0, 1):
        part = folder / f"processor{n}"
        shutil.copytree(folder / "constant", part / "constant")
        for time in ("-180", "-90", "0"):
            (part / time).mkdir()
            (part / time / "T").write_text(
                header("volScalarField") + f"{DIMENSIONS}{LIST}2({time} {n});{END}"
            )
    run = reader_named("openfoam").read(folder)
    assert run.times is not None
    assert list(run.times) == [-180, -90, 0]
    assert run.fields["T"].values[..., 0].tolist() == [[t, 0, t, 1] for t in (-180, -90, 0)]
