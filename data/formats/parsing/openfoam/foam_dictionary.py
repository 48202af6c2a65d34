"""OpenFOAM dictionaries: entries and sub-dictionaries by name, with macros expanded.

Nothing in them is run. What OpenFOAM computes or reads from elsewhere (#calc, #codeStream, a file outside the case)
is refused by its name when it is asked for; all other entries stay readable.
Source: OpenFOAM v2312, dictionary.C (equal entries, `#inputMode`), dictionarySearch.C (scoped names), keyType.C
(patterns); OpenFOAM v11, User Guide 4.2 (scoped names with "/" and "!").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from fieldwright.data.formats.parsing.openfoam.foam_tokens import Token
from fieldwright.data.formats.parsing.text.number_text import number_of

_MOST_NUMBERS = 10_000


class RefusedError(Exception):
    """An entry whose value only OpenFOAM can compute; the text names the macro or directive."""


@dataclass(eq=False)
class FoamDictionary:
    """The entries of a dictionary in their order; the last of equal ones counts.

    entries: by name, patterns by their name in quotes: tokens of the value, or a dictionary.
    doubts: by name, entries that a directive may have replaced which is not carried out here.
    unread: directives that may hold entries of their own.
    in_lists: dictionaries within lists: the list's entry, the place in it, the word in front ("" for none), it.
    """

    parent: FoamDictionary | None = None
    entries: dict[str, list[Token] | FoamDictionary] = field(default_factory=dict)
    doubts: dict[str, str] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    in_lists: list[tuple[str, int, str, FoamDictionary]] = field(default_factory=list)

    @property
    def top(self) -> FoamDictionary:
        """The outermost dictionary."""
        return self.parent.top if self.parent else self

    def tokens(self, name: str) -> list[Token] | None:
        """The expanded tokens of the entry "outer.inner.name"; None where there is none.

        Raises RefusedError where a macro or directive in it, or one that may replace it, is not carried out.
        """
        try:
            value = self.find(name)
        except RecursionError:
            raise RefusedError("a macro that refers to itself") from None
        if isinstance(value, FoamDictionary):
            return None
        if value is None:
            unread = self._unread_on_the_way(name)
            if unread:
                raise RefusedError(f"{unread}, which is not read here")
            return None
        return expanded(value)

    def numbers(self, name: str) -> list[float] | None:
        """The numbers of an entry as its value counts them: without dimensions and lengths of lists."""
        tokens = self.tokens(name)
        return None if tokens is None else numbers_of(tokens)

    def word(self, name: str, default: str = "") -> str:
        """The value of an entry of one word, number or string."""
        tokens = self.tokens(name)
        return tokens[0].text if tokens and len(tokens) == 1 else default

    def find(self, name: str) -> list[Token] | FoamDictionary | None:
        """The value of a scoped name within this dictionary: exact names first, then patterns, the last one first."""
        parts = name.split(".")
        for n in range(len(parts), 0, -1):
            key = ".".join(parts[:n])
            if key in self.entries:
                value = self._below(key, parts[n:])
                if value is not None:
                    return value
        for n in range(1, len(parts) + 1):
            key = ".".join(parts[:n])
            for pattern in reversed([k for k in self.entries if k.startswith('"')]):
                if matches(pattern[1:-1], key):
                    value = self._below(pattern, parts[n:])
                    if value is not None:
                        return value
        return self._find_in_lists(name)

    def _find_in_lists(self, name: str) -> list[Token] | FoamDictionary | None:
        """By the word in front of a dictionary, or by the list and the word or place in it: `regions.0.box`."""
        values = {}
        for entry, place, word, inner in self.in_lists:
            for label in (word, f"{entry}.{word}", f"{entry}.{place}"):
                if word or label[-1:].isdigit():
                    value = inner.find(name[len(label) + 1 :]) if name.startswith(f"{label}.") else None
                    values |= {(entry, place): value} if value is not None else {}
        if len(values) > 1:
            places = ", ".join(f"{entry}.{place}" for entry, place in values)
            raise RefusedError(f"several dictionaries of that name: choose one of {places}")
        return next(iter(values.values()), None)

    def items(self, path: str = "") -> Iterator[tuple[str, list[Token]]]:
        """All entries that are tokens, with their scoped names, in the order of the file; nothing is expanded."""
        for name, value in self.entries.items():
            if isinstance(value, FoamDictionary):
                yield from value.items(f"{path}{name}.")
            elif name not in self.doubts:
                yield f"{path}{name}", value
        words = [word for _, _, word, _ in self.in_lists]
        for entry, place, word, inner in self.in_lists:
            label = (
                word if word and words.count(word) == 1 and word not in self.entries else f"{entry}.{place}"
            )
            yield from inner.items(f"{path}{label}.")

    def add(self, name: str, value: list[Token] | FoamDictionary, mode: str = "merge") -> None:
        """Adds an entry as `#inputMode` has it: dictionaries are merged, of other equal entries the last counts."""
        old = self.entries.get(name)
        if mode in ("protect", "warn") and old is not None:
            return
        if mode != "overwrite" and isinstance(old, FoamDictionary) and isinstance(value, FoamDictionary):
            old.merge(value, mode)
            return
        # The order of patterns is that of their last appearance.
        self.entries.pop(name, None)
        self.doubts.pop(name, None)
        self.in_lists = [row for row in self.in_lists if row[0] != name]
        self.entries[name] = value

    def merge(self, other: FoamDictionary, mode: str = "merge") -> None:
        """Adds copies of the other's entries."""
        for name, value in other.entries.items():
            self.add(name, value.copy(self) if isinstance(value, FoamDictionary) else value, mode)
        self.in_lists += [(e, place, word, inner.copy(self)) for e, place, word, inner in other.in_lists]
        self.doubts.update({name: why for name, why in other.doubts.items() if name in other.entries})
        self.unread += other.unread

    def copy(self, parent: FoamDictionary) -> FoamDictionary:
        """The same entries under another parent; macros are bound where they stood."""
        twin = FoamDictionary(parent)
        twin.merge(self)
        return twin

    def doubt(self, directive: str) -> None:
        """A directive stands here that is not carried out: it may replace what was read so far."""
        self.unread.append(directive)
        self.doubts.update(dict.fromkeys(self.entries, directive))

    def _below(self, key: str, inner_names: list[str]) -> list[Token] | FoamDictionary | None:
        value = self.entries[key]
        if not inner_names or isinstance(value, FoamDictionary):
            if key in self.doubts:
                raise RefusedError(f"{self.doubts[key]}, which is not read here and may replace it")
            return (
                value.find(".".join(inner_names))
                if inner_names and isinstance(value, FoamDictionary)
                else value
            )
        target = _dictionary_behind(value)
        return target.find(".".join(inner_names)) if target else None

    def _unread_on_the_way(self, name: str) -> str:
        scope, unread = self, list(self.unread)
        for part in name.split(".")[:-1]:
            value = scope.entries.get(part)
            if not isinstance(value, FoamDictionary):
                break
            scope = value
            unread += scope.unread
        return ", ".join(dict.fromkeys(unread))


def scoped(macro: str, at: FoamDictionary) -> list[Token] | FoamDictionary | None:
    """What the name of a macro stands for at a place: `x`, `..x`, `:a.b`, `^x`, `../x`, `!a/b`, `/a/b`."""
    name, scope = macro, at
    if name[:1] in (":", "^", "!", "/"):
        return scope.top.find(name.lstrip(":^!/").replace("/", "."))
    if "/" in name:
        while name.startswith("../"):
            name, scope = name[3:], scope.parent or scope
        name = name.removeprefix("./").replace("/", ".")
        if macro.startswith("."):
            return scope.find(name)
    elif name.startswith("."):
        dots = len(name) - len(name.lstrip("."))
        for _ in range(dots - 1):
            scope = scope.parent or scope
        return scope.find(name[dots:])
    place: FoamDictionary | None = scope
    while place is not None:
        value = place.find(name)
        if value is not None:
            return value
        place = place.parent
    return None


def expanded(tokens: list[Token], depth: int = 0) -> list[Token]:
    """The tokens with those of their macros in place; raises RefusedError for what only OpenFOAM can compute."""
    if depth > 50:
        raise RefusedError("a macro that refers to itself")
    out: list[Token] = []
    for token in tokens:
        if token.kind == "macro":
            name, _, default = re.sub(r":\+.*", "", token.text).partition(":-")
            value = scoped(name, token.at) if name and not re.search(r"[${}]", token.text) else None
            if isinstance(value, list):
                out += expanded(value, depth + 1)
            elif value is None and default and not token.text.startswith(":"):
                out.append(Token("number" if _is_number(default) else "word", default))
            else:
                raise RefusedError(f"${token.text}, which is not defined as a value here")
        elif token.kind in ("directive", "code"):
            name = "code in #{ #}" if token.kind == "code" else token.text.split()[0]
            raise RefusedError(f"{name}, which is not carried out here")
        elif token.kind == "word" and "$" in token.text:
            raise RefusedError(f"{token.text}, whose macro is not expanded here")
        elif token.kind == "dimensions" and "$" in token.text:
            raise RefusedError(f"[{token.text}], whose macro is not expanded here")
        else:
            out.append(token)
    return out


def numbers_of(tokens: list[Token]) -> list[float]:
    """The numbers among tokens; a length in front of a list is none, and 3{1.5} is 1.5 three times."""
    numbers: list[float] = []
    for i, token in enumerate(tokens):
        if token.kind == "list":
            file, start = token.at
            numbers += file.numbers_at(start, token.text).ravel().tolist()
        elif token.kind == "number" or (token.kind == "word" and number_of(token.text) is not None):
            if not _is_length(tokens, i):
                numbers.append(float(number_of(token.text) or 0.0))
            elif tokens[i + 1].text == "{":
                end = next((j for j in range(i, len(tokens)) if tokens[j].text == "}"), len(tokens))
                inner = numbers_of(tokens[i + 2 : end])
                if int(token.text) * len(inner) > _MOST_NUMBERS:
                    raise RefusedError(f"a list of {token.text} equal values")
                numbers += inner * (int(token.text) - 1)
    return numbers


def _is_length(tokens: list[Token], i: int) -> bool:
    """Whether a whole number stands in front of a list of as many values."""
    if not tokens[i].text.isdigit() or i + 1 == len(tokens) or tokens[i + 1].text not in "({":
        return False
    if tokens[i + 1].kind != "mark":
        return False
    if tokens[i + 1].text == "{":
        return True
    depth, items = 0, 0
    for j in range(i + 1, len(tokens)):
        token = tokens[j]
        opens, closes = (token.kind == "mark" and token.text in marks for marks in ("({", ")}"))
        if closes:
            depth -= 1
            if depth == 0:
                break
        elif depth == 1 and not (token.text.isdigit() and _is_length(tokens, j)):
            items += 1
        depth += opens
    return items == int(tokens[i].text)


def _dictionary_behind(value: list[Token]) -> FoamDictionary | None:
    """The dictionary that an entry of one macro stands for."""
    if len(value) != 1 or value[0].kind != "macro":
        return None
    target = scoped(value[0].text, value[0].at)
    return target if isinstance(target, FoamDictionary) else None


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", text) is not None


def matches(pattern: str, name: str) -> bool:
    """Whether a pattern of OpenFOAM means a name; one that is no pattern means itself."""
    try:
        return re.fullmatch(pattern, name) is not None
    except re.error:
        return pattern == name
