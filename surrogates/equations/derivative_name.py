"""Partial derivatives by name: "u_x", "u_xx", "theta_xy", "u_nu"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fieldwright.data.errors import QueryError

HIGHEST = 4
"""Order: each one takes some three times the memory and time of the one before."""


@dataclass(frozen=True)
class DerivativeName:
    """A derivative: its name as asked, the number of the output, and the columns of the inputs it is taken by."""

    name: str
    output: int
    along: tuple[int, ...]

    @classmethod
    def parse(cls, name: str, outputs: Sequence[str], inputs: Sequence[str]) -> DerivativeName:
        """What "u_xx" means: an output, "_", and names of coordinates or parameters side by side.

        Raises QueryError naming what there is, or where the order is higher than HIGHEST.
        """
        for i, output in enumerate(outputs):
            if name.startswith(f"{output}_"):
                along = _cut(name[len(output) + 1 :], inputs)
                if along is not None and len(along) > HIGHEST:
                    raise QueryError(
                        f"A derivative can be of order {HIGHEST} at most",
                        f"'{name}', of order {len(along)}",
                        "Ask for a lower one",
                    )
                if along:
                    return cls(name, i, along)
        raise QueryError(
            f"A derivative must be named like '{outputs[0]}_{inputs[0]}', of the outputs {', '.join(outputs)} by "
            f"{', '.join(inputs)}",
            f"'{name}'",
            "Correct the name",
        )

    def unit(self, outputs: Sequence[str], inputs: Sequence[str]) -> str:
        """Its unit, from the units of all outputs and inputs: "K/m2", "m/(s K)", "1/s"."""
        units = [inputs[column] for column in self.along if inputs[column] not in ("", "1")]
        if not units:
            return outputs[self.output]
        powers = [(unit, units.count(unit)) for unit in dict.fromkeys(units)]
        over = [unit if n == 1 else f"{unit}{n}" if unit.isalpha() else f"({unit}){n}" for unit, n in powers]
        alone = len(over) == 1 and units[0].isalpha()
        return f"{outputs[self.output] or '1'}/{over[0] if alone else '(' + ' '.join(over) + ')'}"


def _cut(text: str, names: Sequence[str]) -> tuple[int, ...] | None:
    """The numbers of the names that make up the text side by side, longest first; None where none do."""
    if not text:
        return ()
    for i in sorted(range(len(names)), key=lambda i: -len(names[i])):
        if text.startswith(names[i]):
            others = _cut(text[len(names[i]) :], names)
            if others is not None:
                return (i, *others)
    return None
