"""Parameters out of the cases' own files and out of the names of the runs."""

from pathlib import Path

import pytest

from fieldwright.data.errors import StudyError
from fieldwright.data.ingest.parameters.case_values import table_from_cases
from fieldwright.data.ingest.parameters.run_names import table_from_names
from fieldwright.data.ingest.parameters.table import joined, table_from_rows
from fieldwright.data.ingest.sources import RunSource

FOAM_U = """
FoamFile { version 2.0; class volVectorField; }
dimensions [0 1 -1 0 0 0 0];
/* value uniform (9 9 9); */
internalField uniform (0 0 0);
boundaryField
{
    movingWall { type fixedValue; value uniform (0.5 0 -1e-3); } // value 7;
    outlet { type zeroGradient; }
}
"""
TRANSPORT = "FoamFile { class dictionary; }\nnu [0 2 -1 0 0 0 0] 0.01;\nnuRef $nu;\nmodel Newtonian;\n"
DECK = """*HEADING
Plate with BOUNDARY 99 in the heading
** *ELASTIC
*MATERIAL, NAME=MAT
*Elastic
117100, 0.3
*EXPANSION, ZERO=20.
1.2e-05
*BOUNDARY
NFIX, 1, 1
*STEP
*BOUNDARY
** a comment
NHOLE, 11, 11, 62.8
*DSLOAD
SLOAD, P, -28.3
"""
EDP = "// k=1\nreal k=379.9;   // W/(m K)\nreal h = 33.25, q=21212; # q=3\n"
INI = "[inlet]\nU = 1.5\n[outlet]\nU: 2.5e-1\n; p = 3\nturbulence on\n"
JSON = '{"flow": {"U": 1.25, "name": "fast"}, "layers": [{"t": 3}, {"t": 4}], "g": [0, 0, -9.81], "on": true}'


@pytest.fixture
def case(tmp_path: Path) -> RunSource:
    for name, text in {
        "0/U": FOAM_U,
        "constant/transportProperties": TRANSPORT,
        "plate.inp": DECK,
        "params.edp": EDP,
        "run.ini": INI,
        "p.json": JSON,
        "row.csv": "U,nu\n1.5,2e-3\n",
        "pairs.csv": "name,value\nU,1.5\nnu,0.25\n",
        "units.csv": "run;U [m/s];nu\n-;;cSt\nr1;1,5;2,5\n",
        "bare.csv": "U [m/s];1,5\nnu;0,25\nnu;0,5\n",
    }.items():
        path = tmp_path / "case" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return RunSource("case", tmp_path / "case")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("0/U: boundaryField.movingWall.value[0]", 0.5),
        ("0/U: boundaryField.movingWall.value[2]", -1e-3),
        ("constant/transportProperties: nu", 0.01),
        ("constant/transportProperties: nuRef", 0.01),
        ("plate.inp: *ELASTIC[0]", 117100),
        ("plate.inp: *elastic[1]", 0.3),
        ("plate.inp: *EXPANSION ZERO", 20),
        ("plate.inp: *EXPANSION", 1.2e-5),
        ("plate.inp: *BOUNDARY NHOLE[3]", 62.8),
        ("*.inp: *DSLOAD[2]", -28.3),
        ("params.edp: k", 379.9),
        ("params.edp: h", 33.25),
        ("params.edp: q", 21212),
        ("run.ini: inlet.U", 1.5),
        ("run.ini: outlet.U", 0.25),
        ("p.json: flow.U", 1.25),
        ("p.json: layers.1.t", 4),
        ("p.json: g[2]", -9.81),
        ("row.csv: nu", 2e-3),
        ("pairs.csv: nu", 0.25),
        ("units.csv: U", 1.5),
        ("units.csv: nu", 2.5),
        ("bare.csv: U", 1.5),
    ],
)
def test_the_value_is_found(case, expression, value):
    table = table_from_cases([case], {"a": expression}, {"a": "m/s"})
    assert table.problems == {}
    assert table.row("case") == {"a": value}
    assert table.units == ("m/s",)


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("0/U: boundaryField.movingWall.value", "3 numbers for"),
        ("0/U: boundaryField.movingWall.value[3]", "no [3]"),
        ("0/U: boundaryField.inlet.value[0]", "no such entry"),
        ("0/T: internalField", "0 files that match '0/T'"),
        ("constant/transportProperties: model", "0 numbers for 'model'"),
        ("plate.inp: *DSLOAD[0]", "no number at *DSLOAD[0]"),
        ("plate.inp: *PLASTIC[0]", "no such line"),
        ("params.edp: z", "0 lines give it a number"),
        ("run.ini: U", "2 lines give it a number"),
        ("p.json: flow.name", "'fast' is no number"),
        ("p.json: on", "True is no number"),
        ("p.json: flow.V", "no 'flow.V' in 'p.json'"),
        ("row.csv: V", "no such column or name"),
        ("bare.csv: nu", "2 numbers for 'nu' in 'bare.csv'"),
        ("pairs.csv: value", "no 'value' in 'pairs.csv'"),
    ],
)
def test_a_value_that_is_not_there_leaves_the_run_without_a_row(case, expression, problem):
    table = table_from_cases([case], {"a": expression}, {"a": None})
    assert table.runs == ()
    assert problem in table.problems["case"]


def test_a_malformed_expression_is_the_study_s_mistake(case):
    with pytest.raises(StudyError, match="must be 'FILE: ENTRY'"):
        table_from_cases([case], {"a": "no colon"}, {"a": None})


def named(*names: str) -> list[RunSource]:
    return [RunSource(name, Path(name)) for name in names]


def test_names_give_numbers():
    table = table_from_names(
        named("U1.5_nu1e-3", "U-2_nu.5", "mesh"), "U{u}_nu{nu}", {"u": "m/s", "nu": None}
    )
    assert table.row("U1.5_nu1e-3") == {"u": 1.5, "nu": 1e-3}
    assert table.row("U-2_nu.5") == {"u": -2, "nu": 0.5}
    assert table.problems == {"mesh": "a name that does not fit 'U{u}_nu{nu}'"}


def test_a_star_in_the_pattern_stands_for_anything():
    assert table_from_names(named("case_007_a3"), "case_*_a{a}", {"a": None}).row("case_007_a3") == {"a": 3}


def test_a_pattern_without_the_parameter_is_the_study_s_mistake():
    with pytest.raises(StudyError, match=r"must hold each of \{u\}, \{nu\} once. Got 'U\{u\}'"):
        table_from_names(named("U1"), "U{u}", {"u": None, "nu": None})


def test_parameters_of_several_origins_are_joined():
    first = table_from_rows({"r1": {"a": 1.0}, "r2": {"a": 2.0}}, {"a": "m"})
    second = table_from_rows({"r2": {"b": 3.0}}, {"b": "s"})
    table = joined([first, second])
    assert table.row("r2") == {"a": 2.0, "b": 3.0}
    assert table.units == ("m", "s")
    assert table.row("r1") is None
    assert table.problems == {"r1": "no value of b"}
    with pytest.raises(StudyError, match="Got 'a' from two"):
        joined([first, first])
