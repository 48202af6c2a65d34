"""OpenFOAM's dictionaries as OpenFOAM reads them: comments, macros, includes, patterns, lists, equal entries."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fieldwright.data.errors import TruncatedError
from fieldwright.data.formats.parsing.openfoam.foam_file import FoamFile
from fieldwright.data.ingest.parameters.case_entries import case_entries
from fieldwright.data.ingest.parameters.case_values import case_value, table_from_cases
from fieldwright.data.ingest.sources import RunSource

HEADER = "FoamFile { version 2.0; format ascii; class dictionary; meta { writer x; } object transportProperties; }\n"
TRANSPORT = r"""
// nu 9;  and in a comment: nu2 9; { "
/* nu 8; } */
Anu             7;          // a key that ends in the one sought
nu              [0 2 -1 0 0 0 0] 1e-05;
nuB nuB         [m^2/s] 1.5e-05;
model           Newtonian_2;
rho1 1000;  rhoM $rho1;  later $defined;  defined 3;
first 1; before $first; first 2; after $first;
vec             ($rho1 0 -1);
uni             uniform ($rho1 3 1);
list            3(1 2 3);
bare            (5 6);
nested          2((5 6 7)(8 9 10));
lone            2 ( 7 );
equal           4{1.5};
table           table ( (0 1) (10 2) );
neg -.5; big 1E3; frac 1.;
cmt /* 9 */ 8 // 7
;
name            "5 // 6; 7";
alpha.water     { rho 998; inner { a $..rho; b $...rho1; c $:air.mu; d ${rho1}; e ${none:-4}; } }
air             { $alpha.water; rho 1.2; mu 2e-5; }
air             { mu 3e-5; }
copy            $air;
"(k|omega).*"   { tol 1e-6; }
".*"            { tol 2; }
"k.*"           { tol 3; }
kExact          { tol 4; }
water           { rho 997; }
div(phi,U)      5;
div((nuEff*dev2(T(grad(U))))) 6;
slash { x $../rho1; y $!air/mu; z ${/air/rho}; }
fold  #calc "$rho1*2";
ev    #eval{ $rho1*2 };
code  #codeStream { code #{ os << 3; } #}; };
text  #calc #{ 3.5 #};
lost  $nowhere;
glued -$rho1;
minus #neg $rho1; pair (#neg $rho1 #neg 2 5);
mixed (1 $nowhere 2);
loopA $loopB; loopB $loopA;
d2dt2Schemes { default Euler; }
ddtSchemes { default steadyState; }
"""
VALUES = {
    "minus": -1000, "pair[0]": -1000, "pair[1]": -2, "pair[2]": 5,
    "nu": 1e-05, "Anu": 7, "nuB": 1.5e-05, "rhoM": 1000, "later": 3, "before": 1, "after": 2, "first": 2,
    "vec[0]": 1000, "vec[2]": -1, "uni[0]": 1000, "uni[1]": 3, "list[0]": 1, "list[2]": 3, "bare[1]": 6,
    "nested[0]": 5, "nested[5]": 10, "lone[0]": 2, "lone[1]": 7, "equal[3]": 1.5, "table[2]": 10, "neg": -0.5,
    "big": 1000, "frac": 1, "cmt": 8, "alpha.water.inner.a": 998, "alpha.water.inner.b": 1000,
    "alpha.water.inner.c": 3e-05, "alpha.water.inner.d": 1000, "alpha.water.inner.e": 4, "air.rho": 1.2,
    "air.mu": 3e-05, "air.inner.a": 998, "copy.mu": 3e-05, "kappa.tol": 3, "omegaX.tol": 2, "kExact.tol": 4,
    '"(k|omega).*".tol': 1e-06, "water.rho": 997, "div(phi,U)": 5, "div((nuEff*dev2(T(grad(U)))))": 6,
    "slash.x": 1000, "slash.y": 3e-05, "slash.z": 1.2,
}  # fmt: skip
REFUSED = {
    "fold": "#calc", "ev": "#eval", "code": "#codeStream", "text": "#calc", "lost": r"\$nowhere",
    "glued": r"-\$rho1", "mixed": r"\$nowhere", "loopA": "loop",
}  # fmt: skip
NO_NUMBER = ["model", "name", "nothing", "air", "vec[3]", "ddtSchemes.default"]


@pytest.fixture
def case(tmp_path):
    """Writes files into a case's folder and returns it."""

    def written(**files: str) -> Path:
        files = {"system__controlDict": HEADER, **files}
        for name, text in files.items():
            path = tmp_path / "case" / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path / "case"

    return written


def _why(folder: Path, entry: str) -> str:
    table = table_from_cases(
        [RunSource("r", folder)], {"p": f"constant/transportProperties: {entry}"}, {"p": None}
    )
    assert "r" not in table.runs
    return table.problems["r"]


@pytest.mark.parametrize("entry", VALUES)
def test_an_entry_has_the_value_that_openfoam_gives_it(case, entry):
    folder = case(constant__transportProperties=HEADER + TRANSPORT)
    assert case_value(folder, "p", f"constant/transportProperties: {entry}") == VALUES[entry]


@pytest.mark.parametrize("entry", REFUSED)
def test_what_only_openfoam_can_tell_is_refused_by_its_name(case, entry):
    folder = case(constant__transportProperties=HEADER + TRANSPORT)
    assert re.search(REFUSED[entry], _why(folder, entry))


@pytest.mark.parametrize("entry", NO_NUMBER)
def test_words_are_no_numbers(case, entry):
    assert _why(case(constant__transportProperties=HEADER + TRANSPORT), entry)


def test_the_numbers_of_a_dictionary_are_listed_with_their_values(case):
    """Digits within words, macros that are not defined and strings give no parameter."""
    found = case_entries(case(constant__transportProperties=HEADER + TRANSPORT))
    listed = {name.partition(": ")[2]: entry for name, entry in found.items()}
    assert listed["nu"].unit == "m2/s"
    assert listed["nuB"].unit == "m^2/s"
    for name in ("rhoM", "vec[0]", "list[2]", "alpha.water.inner.a"):
        assert listed[name].value == VALUES[name]
    assert not {"model", "name", "lost", "fold", "ev", "code", "glued", "mixed[0]", "loopA"} & set(listed)


@pytest.mark.parametrize(
    ("mode", "value", "other"), [("merge", 2, 3), ("overwrite", 2, None), ("protect", 1, 3), ("warn", 1, 3)]
)
def test_equal_entries_follow_the_input_mode(case, mode, value, other):
    """`other` stands in the first of two equal dictionaries alone."""
    text = f"#inputMode {mode}\na 1; d {{ a 1; other 3; }} a 2; d {{ a 2; }}"
    folder = case(constant__transportProperties=HEADER + text)
    for entry in ("a", "d.a"):
        assert case_value(folder, "p", f"constant/transportProperties: {entry}") == value
    if other is None:
        assert "no such entry" in _why(folder, "d.other")
    else:
        assert case_value(folder, "p", "constant/transportProperties: d.other") == other


@pytest.mark.parametrize(
    "spelling", ["include/common", "$FOAM_CASE/constant/include/common", "<constant>/include/common"]
)
def test_files_of_the_case_are_included(case, spelling):
    folder = case(
        constant__transportProperties=HEADER + f'nu 1;\n#include "{spelling}"\nU $speed;\nvec ($U 0 0);',
        constant__include__common="speed 12; nu 2; // nu 3;\n",
    )
    for entry, value in {"U": 12, "vec[0]": 12, "speed": 12, "nu": 2}.items():
        assert case_value(folder, "p", f"constant/transportProperties: {entry}") == value
    assert case_value(folder, "p", "constant/include/common: nu") == 2


def test_an_include_that_is_not_read_leaves_no_value_in_doubt(case):
    """A file outside the case may replace what stands before it, and may hold what is missing."""
    text = 'before 1;\n#include "../../../outside"\nafter 2;\n#includeIfPresent "absent"\ninner { a 3; }'
    folder = case(constant__transportProperties=HEADER + text)
    (folder.parent / "outside").write_text("before 9; nu 9;")
    for entry in ("before", "nu"):
        assert '#include "../../../outside"' in _why(folder, entry)
    for entry, value in {"after": 2, "inner.a": 3}.items():
        assert case_value(folder, "p", f"constant/transportProperties: {entry}") == value


def test_a_file_that_includes_itself_ends(case):
    folder = case(constant__transportProperties=HEADER + 'a 1;\n#include "transportProperties"\nb 2;')
    assert case_value(folder, "p", "constant/transportProperties: b") == 2


def test_removed_entries_and_branches_that_are_not_taken_are_not_there(case):
    text = """
    a 1; b 2; #remove b
    on yes;
    #ifeq ${on} yes
    c 3;
    #else
    c 4;
    #endif
    #if off
    c 5;
    #endif
    #if $unknown
    a 6;
    #else
    a 7;
    #endif
    """
    folder = case(constant__transportProperties=HEADER + text)
    assert "no 'b'" in _why(folder, "b")
    assert "#if $unknown" in _why(folder, "a")
    assert "#if $unknown" in _why(folder, "c")
    (folder / "constant" / "transportProperties").write_text(HEADER + text.split("#if $unknown")[0])
    assert case_value(folder, "p", "constant/transportProperties: c") == 3


def test_large_lists_and_fields_of_a_dictionary_are_taken_as_one(case):
    text = "value nonuniform List<vector> 2((1 2 3) /* ((9 9 9)) */ (4 5 6)); plain nonuniform 3(7 8 9); x 1;"
    folder = case(constant__transportProperties=HEADER + text)
    for entry, value in {"value[4]": 5, "plain[2]": 9, "x": 1}.items():
        assert case_value(folder, "p", f"constant/transportProperties: {entry}") == value
    assert [name for name in case_entries(folder) if "transport" in name] == [
        "constant/transportProperties: x"
    ]


def test_dictionaries_within_lists_are_found_by_their_word_or_place(case):
    text = """
    height 0.5;
    defaultFieldValues ( volScalarFieldValue alpha 0 );
    regions
    (
        boxToCell { box (0 0 -1) (0.1 $height 1); fieldValues ( volScalarFieldValue alpha 1 ); }
        sphereToCell { centre (1 2 3); radius 4; }
        sphereToCell { centre (1 2 3); radius 5; }
    );
    actions ( { name a; size 6; } { name b; size 7; } );
    after 8;
    """
    folder = case(constant__transportProperties=HEADER + text)
    expected = {
        "boxToCell.box[4]": 0.5, "regions.boxToCell.box[3]": 0.1, "regions.0.box[2]": -1, "regions.1.radius": 4,
        "regions.2.radius": 5, "actions.1.size": 7, "after": 8,
    }  # fmt: skip
    for entry, value in expected.items():
        assert case_value(folder, "p", f"constant/transportProperties: {entry}") == value
    assert "regions.1, regions.2" in _why(folder, "sphereToCell.radius")
    listed = {name.partition(": ")[2] for name in case_entries(folder)}
    assert {"boxToCell.box[4]", "regions.2.radius", "actions.0.size", "after"} <= listed


@pytest.mark.parametrize("text", ["a { b 1;", "a (1 2", "a { b { c 1; } ", "a 1"])
def test_a_dictionary_that_breaks_off_is_refused(case, text):
    folder = case(constant__transportProperties=HEADER + text)
    with pytest.raises(TruncatedError, match="breaks off"):
        FoamFile(folder / "constant" / "transportProperties").dictionary.tokens("a")
    assert "breaks off" in _why(folder, "a")
