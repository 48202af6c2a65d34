"""One OpenFOAM file: its entries, and the field that it holds.

Source: OpenFOAM v1912, User Guide 4.2 "Basic input/output file format".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np

from fieldwright.data.errors import ReadError
from fieldwright.data.formats.parsing.openfoam.foam_dictionary import FoamDictionary, RefusedError, numbers_of
from fieldwright.data.formats.parsing.openfoam.foam_lists import COMPONENTS, FoamLists
from fieldwright.data.formats.parsing.openfoam.foam_parser import foam_dictionary
from fieldwright.data.formats.parsing.openfoam.foam_tokens import Token

_FOLDERS = ("system", "constant", "0", "0.orig")
_CLASS = re.compile(r"(vol|point)([A-Z]\w*?)Field(::Internal)?")
_BASE_UNITS = ("kg", "m", "s", "K", "mol", "A", "cd")
_NAMED_UNITS: dict[tuple[float, ...], str] = {
    (1, -1, -2, 0, 0, 0, 0): "Pa",
    (1, 1, -2, 0, 0, 0, 0): "N",
    (1, 2, -2, 0, 0, 0, 0): "J",
}


def si_unit(dimensions: str) -> str:
    """Dimensions as an SI unit: "0 1 -1 0 0 0 0" is "m/s"; "1" where all are 0; what is no number stays."""
    try:
        powers = tuple(float(power) for power in dimensions.split())
    except ValueError:
        return dimensions
    powers = tuple(int(p) if p == int(p) else p for p in powers + (0,) * (7 - len(powers)))
    if powers in _NAMED_UNITS:
        return _NAMED_UNITS[powers]
    pairs = list(zip(_BASE_UNITS, powers, strict=False))
    over = " ".join(f"{u}{p if p != 1 else ''}" for u, p in pairs if p > 0)
    under = " ".join(f"{u}{-p if p != -1 else ''}" for u, p in pairs if p < 0)
    if not under:
        return over or "1"
    return f"{over or '1'}/({under})" if " " in under else f"{over or '1'}/{under}"


@dataclass(frozen=True)
class FoamField:
    """A field's place ("cell" or "point"), kind ("vector", ...), SI unit, and the entry with its values."""

    on: Literal["point", "cell"]
    kind: str
    unit: str | None
    entry: str

    @property
    def components(self) -> tuple[str, ...]:
        """Names of the components."""
        return COMPONENTS[self.kind]


def case_dictionary(path: Path, case: Path) -> FoamDictionary | None:
    """The dictionary in an input file of a case; None for any other file.

    Files without a header are dictionaries too where OpenFOAM keeps its own: others include them.
    Raises ReadError where it breaks off.
    """
    file = FoamLists(path, needs_header=False)
    folder = path.relative_to(case).parts[0] if path.is_relative_to(case) else ""
    of_case = folder in _FOLDERS and (case / "system" / "controlDict").exists()
    return foam_dictionary(file, case) if file.start or of_case else None


class FoamFile(FoamLists):
    """A file of a case with its header, its entries and its lists; see `FoamLists`."""

    _broken: ReadError | None = None

    @cached_property
    def dictionary(self) -> FoamDictionary:
        """The entries; of a file of which only the head was read, those that stand in it."""
        case = self.path.parent.parent
        try:
            return foam_dictionary(self, case, lenient=not self.is_whole)
        except ReadError as error:
            if not self.binary:
                raise
            self._broken = error
            # Lists of kinds that are not known here may hide what follows them; the fields come first.
            return foam_dictionary(self, case, lenient=True)

    def entry(self, name: str, default: str = "") -> str:
        """The value of an entry of one word in a dictionary; the default where only OpenFOAM can compute it."""
        # What is included from elsewhere may replace it, but mostly does not; fields are read more strictly.
        self.dictionary.doubts.clear()
        try:
            return self.dictionary.word(name, default)
        except RefusedError:
            return default

    def about(self) -> FoamField | None:
        """What field the file holds by its class; None for one on faces and for what is no field."""
        match = _CLASS.fullmatch(self.header.get("class", ""))
        kind = match[2][0].lower() + match[2][1:] if match else ""
        if match is None or kind not in COMPONENTS:
            return None
        entry = "value" if match[3] else "internalField"
        return FoamField("cell" if match[1] == "vol" else "point", kind, self.unit, entry)

    @property
    def unit(self) -> str | None:
        """The unit of the field, as `si_unit` gives it; None where no dimensions are given."""
        try:
            tokens = self.dictionary.tokens("dimensions")
        except RefusedError:
            return None
        if not tokens:
            return None if self.is_whole else FoamFile(self.path).unit
        return si_unit(tokens[0].text) if tokens[0].kind == "dimensions" else None

    def field(self, entry: str, kind: str, length: int) -> np.ndarray:
        """The (length, components) values of a field's `internalField` or `value` entry, uniform or not."""
        try:
            tokens = self.dictionary.tokens(entry) or []
            uniform = numbers_of(tokens[1:]) if tokens and tokens[0].text == "uniform" else None
        except RefusedError as why:
            raise self.damaged(f"'{entry}' given by {why}") from None
        width = len(COMPONENTS[kind])
        if uniform is not None:
            if len(uniform) != width:
                raise self.damaged(f"{len(uniform)} of {width} numbers")
            return np.tile(np.array(uniform, self.scalar), (length, 1))
        list_token = _list_among(tokens)
        if list_token is None or list_token.text not in ("", kind):
            raise self._broken or self.damaged(f"no '{entry}' that is uniform or nonuniform numbers")
        file, start = list_token.at
        values, _ = file.list_of(kind, start)
        if len(values) != length:
            raise self.damaged(f"{len(values)} values for {length} places of the mesh")
        return values.reshape(length, width)


def _list_among(tokens: list[Token]) -> Token | None:
    """The one list of a value, with or without the word "nonuniform" in front of it."""
    words = [token.text for token in tokens[:-1]]
    return tokens[-1] if tokens and tokens[-1].kind == "list" and words in ([], ["nonuniform"]) else None
