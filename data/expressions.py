"""Formulas of parameters, as a study file writes them: `heat_flux / convection <= 150`."""

from __future__ import annotations

import ast
import difflib
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fieldwright.data.errors import StudyError

_ARITHMETIC: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
_COMPARISONS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_LONGEST = 400
"""Characters: also keeps the nesting far from Python's recursion limit."""
_LARGEST = 1e300
_QUOTED = re.compile(r"`([^`]*)`")


@dataclass(frozen=True, eq=False)
class Expression:
    """A formula of numbers, names, + - * / ** and parentheses; a name that is no word stands in backquotes.

    text: as it was written. names: the parameters it takes, in order of appearance.
    """

    text: str
    names: tuple[str, ...]
    _tree: ast.expr
    _quoted: Mapping[str, str]

    @classmethod
    def parse(cls, text: str, valid_names: Iterable[str] | None = None) -> Expression:
        """The formula in a text; raises StudyError for anything else, and for a name outside `valid_names`."""
        tree, quoted, names = _parsed(text, valid_names, "A formula")
        _check(tree, text, "A formula")
        return cls(text, names, tree, quoted)

    def __call__(self, columns: Mapping[str, np.ndarray | float]) -> np.ndarray:
        """Its values (q,) at columns, name to (q,); not finite where the formula has no value."""
        with np.errstate(all="ignore"):
            return np.asarray(_value(self._tree, _floats(columns), self._quoted))

    def of(self, operands: Mapping[str, Any]) -> Any:
        """Its value at operands of any kind that have + - * / **, by name."""
        return _value(self._tree, operands, self._quoted)


@dataclass(frozen=True, eq=False)
class Constraint:
    """One or more comparisons of formulas by <, <=, > or >=, such as `1 <= a / b < 3`."""

    text: str
    names: tuple[str, ...]
    _tree: ast.Compare
    _quoted: Mapping[str, str]

    @classmethod
    def parse(cls, text: str, valid_names: Iterable[str] | None = None) -> Constraint:
        """The constraint in a text; raises StudyError for anything else, and for a name outside `valid_names`."""
        tree, quoted, names = _parsed(text, valid_names, "A constraint")
        if not isinstance(tree, ast.Compare) or any(type(sign) not in _COMPARISONS for sign in tree.ops):
            raise StudyError(
                "A constraint must compare two formulas by <, <=, > or >=",
                f"'{text}'",
                "Write it like 'heat_flux / convection <= 150'",
            )
        for side in (tree.left, *tree.comparators):
            _check(side, text, "A constraint")
        return cls(text, names, tree, quoted)

    def holds(self, columns: Mapping[str, np.ndarray | float]) -> np.ndarray:
        """Whether it holds at columns, name to (q,): (q,) bool; False where a formula has no value."""
        with np.errstate(all="ignore"):
            floats = _floats(columns)
            sides = [
                _value(side, floats, self._quoted) for side in (self._tree.left, *self._tree.comparators)
            ]
            pairs = zip(self._tree.ops, sides[:-1], sides[1:], strict=True)
            return np.logical_and.reduce(
                np.broadcast_arrays(*(_COMPARISONS[type(sign)](left, right) for sign, left, right in pairs))
            )


def _parsed(
    text: str, valid_names: Iterable[str] | None, subject: str
) -> tuple[ast.expr, dict[str, str], tuple[str, ...]]:
    """The tree of a text, its backquoted names by placeholder, and all its names."""
    quoted: dict[str, str] = {}

    def placeholder(match: re.Match[str]) -> str:
        quoted[f"_quoted_{len(quoted)}"] = match[1]
        return f" _quoted_{len(quoted) - 1} "

    if len(text) > _LONGEST:
        raise StudyError(f"{subject} must have at most {_LONGEST} characters", str(len(text)), "Shorten it")
    try:
        tree = ast.parse(_QUOTED.sub(placeholder, text).strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = getattr(error, "msg", None) or "it is nested too deeply"
        raise StudyError(
            f"{subject} must be made of numbers, parameter names, + - * / ** and parentheses",
            f"'{text}' ({reason})",
            "Correct it",
        ) from None
    names = tuple(dict.fromkeys(quoted.get(name, name) for name in _names(tree)))
    valid = list(names if valid_names is None else valid_names)
    for name in names:
        if name not in valid:
            near = difflib.get_close_matches(name, valid, 1, 0.5)
            raise StudyError(
                f"The names in '{text}' must be among {', '.join(valid)}",
                f"'{name}'",
                f"Did you mean '{near[0]}'" if near else "Correct it",
            )
    return tree, quoted, names


def _names(tree: ast.AST) -> Iterator[str]:
    """Names from left to right."""
    if isinstance(tree, ast.Name):
        yield tree.id
    for child in ast.iter_child_nodes(tree):
        yield from _names(child)


def _check(tree: ast.expr, text: str, subject: str) -> None:
    """Raises StudyError unless the tree is arithmetic and nothing else."""
    if isinstance(tree, ast.BinOp) and type(tree.op) in _ARITHMETIC:
        _check(tree.left, text, subject)
        _check(tree.right, text, subject)
    elif isinstance(tree, ast.UnaryOp) and type(tree.op) in _ARITHMETIC:
        _check(tree.operand, text, subject)
    elif not (isinstance(tree, ast.Name) or _is_number(tree)):
        power = isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.BitXor)
        raise StudyError(
            f"{subject} must be made of numbers, parameter names, + - * / ** and parentheses",
            f"'{text}'",
            "Write a power as **" if power else "Write it with these",
        )


def _is_number(tree: ast.expr) -> bool:
    # A bool is an int to Python, but no number that anyone means.
    if not isinstance(tree, ast.Constant) or isinstance(tree.value, bool):
        return False
    return isinstance(tree.value, int | float) and tree.value <= _LARGEST


def _floats(columns: Mapping[str, np.ndarray | float]) -> dict[str, np.ndarray]:
    return {name: np.asarray(column, dtype=np.float64) for name, column in columns.items()}


def _value(tree: ast.expr, columns: Mapping[str, Any], quoted: Mapping[str, str]) -> Any:
    if isinstance(tree, ast.Name):
        return columns[quoted.get(tree.id, tree.id)]
    if isinstance(tree, ast.BinOp):
        left, right = _value(tree.left, columns, quoted), _value(tree.right, columns, quoted)
        return _ARITHMETIC[type(tree.op)](left, right)
    if isinstance(tree, ast.UnaryOp):
        return _ARITHMETIC[type(tree.op)](_value(tree.operand, columns, quoted))
    assert isinstance(tree, ast.Constant)
    # Float64 throughout: whole numbers of Python would grow without bound in 9**9**9.
    return np.float64(tree.value)  # pyright: ignore[reportArgumentType]
