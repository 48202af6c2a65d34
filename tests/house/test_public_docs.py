"""What `import fieldwright as fw` offers is documented as numpydoc asks: summary, parameters, returns and errors."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator

import pytest

import fieldwright
from fieldwright.library.client.answers import (
    EndpointGradients,
    EndpointPrediction,
    EndpointSolution,
)
from fieldwright.library.client.photo_answers import (
    EndpointGrowth,
    EndpointJob,
    EndpointMeasurements,
    EndpointPhotos,
)
from fieldwright.library.fitted_model import FittedModel
from fieldwright.library.prediction import FieldPrediction
from fieldwright.library.solution import Solution, SolutionValues

RESULTS = (
    FittedModel,
    FieldPrediction,
    Solution,
    SolutionValues,
    EndpointPrediction,
    EndpointGradients,
    EndpointSolution,
    EndpointPhotos,
    EndpointMeasurements,
    EndpointGrowth,
    EndpointJob,
)
"""What the functions return."""


def documented() -> Iterator[tuple[str, object]]:
    """The public names and their public methods."""
    for one in (*(getattr(fieldwright, name) for name in fieldwright.__all__), *RESULTS):
        yield one.__name__, one
        if inspect.isclass(one):
            for name, member in vars(one).items():
                if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, property)):
                    yield f"{one.__name__}.{name}", member


PUBLIC = dict(documented())
FUNCTIONS = {name: one for name, one in PUBLIC.items() if inspect.isfunction(one)}
CLASSES = {name: one for name, one in PUBLIC.items() if inspect.isclass(one)}


def sections(docstring: str) -> dict[str, str]:
    """The sections of a docstring by their underlined titles."""
    parts = re.split(r"^(\w[\w ]*)\n-{3,}\n", docstring, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def entries(section: str) -> list[str]:
    """The names that stand at the margin of a section."""
    lines = [line for line in section.splitlines() if line and not line.startswith(" ")]
    return [name.strip(" *") for line in lines for name in line.partition(" : ")[0].split(",")]


def raised(function: Callable[..., object]) -> list[ast.Raise]:
    """Where the function raises an error itself."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    return [node for node in ast.walk(tree) if isinstance(node, ast.Raise)]


@pytest.mark.parametrize("name", PUBLIC)
def test_a_summary_is_one_sentence_on_one_line(name: str) -> None:
    lines = (inspect.getdoc(PUBLIC[name]) or "").splitlines()
    assert lines
    assert re.fullmatch(r"[`A-Z].*\.", lines[0])
    assert lines[1:2] in ([], [""])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_parameter_is_documented_in_order(name: str) -> None:
    parameters = [one for one in inspect.signature(FUNCTIONS[name]).parameters if one != "self"]
    assert entries(sections(inspect.getdoc(FUNCTIONS[name]) or "").get("Parameters", "")) == parameters


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_returned_and_raised_is_documented(name: str) -> None:
    function = FUNCTIONS[name]
    documented = sections(inspect.getdoc(function) or "")
    assert ("Returns" in documented) == (inspect.signature(function).return_annotation not in ("None", None))
    assert "Raises" in documented or not raised(function)


@pytest.mark.parametrize("name", CLASSES)
def test_every_parameter_of_a_class_is_documented(name: str) -> None:
    documented = sections(inspect.getdoc(CLASSES[name]) or "")
    parameters = [one for one in inspect.signature(CLASSES[name]).parameters if not one.startswith("_")]
    listed = entries(documented.get("Parameters", "") + documented.get("Attributes", ""))
    assert [one for one in parameters if one not in listed] == []
