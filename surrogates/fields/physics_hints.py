"""Physics that a study states by hand: products of its parameters, references and powers of its fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Scale = Literal["auto", "raw", "log", "reciprocal"]


@dataclass(frozen=True)
class DerivedInput:
    """A formula of the parameters that enters a model as one more input.

    replace: its parameters then enter through formulas alone. scale: as of a parameter.
    """

    formula: str
    replace: bool = False
    scale: Scale = "auto"


@dataclass(frozen=True)
class FieldHint:
    """The scaled field that is learned: (field - reference) / prod_j x_j^power_j.

    reference: a number in the field's unit, or the name of a parameter. scale_by: parameter to power; a parameter
    that is not named has the power 0. None lets the runs determine the powers, an empty table means none.
    minimum, maximum: bounds that no value of the field can pass, in its unit.
    """

    reference: float | str = 0.0
    scale_by: dict[str, float] | None = None
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True)
class PhysicsHints:
    """Hints of a study by name.

    parameters: the names in the order of the columns of x; needed as soon as any other hint is given.
    derived: new inputs by name. fields: fields by name. units: of the columns of x, where they are known; parameters
    of one unit and similar ranges count as of one kind.
    """

    parameters: tuple[str, ...] = ()
    derived: dict[str, DerivedInput] = field(default_factory=dict)
    fields: dict[str, FieldHint] = field(default_factory=dict)
    units: tuple[str, ...] = ()
