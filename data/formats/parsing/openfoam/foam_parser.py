"""Reads the dictionary that an OpenFOAM file holds: entries, sub-dictionaries, directives, files it includes.

Source: OpenFOAM v2312, entry.C, primitiveEntry.C, functionEntries.
"""

from __future__ import annotations

import os.path
import re
from pathlib import Path

from fieldwright.data.errors import ReadError
from fieldwright.data.formats.parsing.openfoam.foam_dictionary import (
    FoamDictionary,
    RefusedError,
    expanded,
    matches,
    scoped,
)
from fieldwright.data.formats.parsing.openfoam.foam_lists import FoamLists
from fieldwright.data.formats.parsing.openfoam.foam_tokens import Token, Tokens
from fieldwright.data.formats.parsing.text.number_text import number_of

_INCLUDES = ("include", "includeIfPresent", "sinclude")
# Constraint patches alone: no entry of a case is replaced.
_HARMLESS = re.compile(r"#includeEtc \S*setConstraintTypes$|#(?:includeFunc|message|warning)\b")
_TRUE = ("on", "true", "yes", "y", "t", "1")
_FALSE = ("off", "false", "no", "n", "f", "none", "0")
_DEEPEST = 20


def foam_dictionary(file: FoamLists, case: Path | None = None, lenient: bool = False) -> FoamDictionary:
    """The dictionary of a file, its header left out.

    Parameters
    ----------
    case
        The folder that included files must lie in; without it none is read.
    lenient
        Whether a file that breaks off is no error: of a large one only the head was read.

    Raises
    ------
    ReadError
        Where brackets do not close or a list breaks off.
    """
    return _Parser(file, case, lenient).top()


class _Parser:
    def __init__(self, file: FoamLists, case: Path | None, lenient: bool, depth: int = 0) -> None:
        self._file, self._case, self._lenient, self._depth = file, case, lenient, depth
        self._tokens = Tokens(file.content, file.start, file.end_of_list, file)
        self._mode = "merge"
        self._inner: list[tuple[str, FoamDictionary]] = []

    def top(self) -> FoamDictionary:
        dictionary = FoamDictionary()
        self.into(dictionary)
        return dictionary

    def into(self, dictionary: FoamDictionary) -> None:
        """Adds all entries of the file to a dictionary."""
        try:
            self._entries(dictionary, nested=False)
        except RecursionError:
            raise self._file.damaged("brackets within brackets without end") from None
        except ReadError:
            if not self._lenient:
                raise

    def _entries(self, dictionary: FoamDictionary, nested: bool) -> None:
        tokens = self._tokens
        while token := tokens.next():
            if token.kind == "mark":
                if token.text == "}" and nested:
                    return
                if token.text == "(":
                    self._value(dictionary, token)
            elif token.kind == "directive":
                self._directive(dictionary, token.text)
            elif token.kind == "macro" and (tokens.next_is(";") or tokens.next_is("}")):
                self._insert(dictionary, token.text)
            elif token.kind in ("word", "number", "string", "macro"):
                self._entry(dictionary, token)
        if nested:
            raise self._file.breaks_off("a dictionary")

    def _entry(self, dictionary: FoamDictionary, key: Token) -> None:
        name = self._name(dictionary, key)
        if self._tokens.next_is("{"):
            self._tokens.next()
            inner = FoamDictionary(dictionary)
            self._entries(inner, nested=True)
            dictionary.add(name, inner, self._mode)
            return
        self._inner = []
        value = self._value(dictionary)
        if self._mode not in ("protect", "warn") or name not in dictionary.entries:
            dictionary.add(name, value, self._mode)
            dictionary.in_lists += [(name, i, word, inner) for i, (word, inner) in enumerate(self._inner)]

    def _name(self, dictionary: FoamDictionary, key: Token) -> str:
        if key.kind == "string":
            return f'"{key.text}"'
        if key.kind == "macro":
            value = _scoped(key.text, dictionary)
            if isinstance(value, list) and len(value) == 1 and value[0].kind in ("word", "string"):
                return value[0].text
            dictionary.unread.append(f"${key.text}")
            return f"${key.text}"
        return key.text

    def _value(self, dictionary: FoamDictionary, first: Token | None = None) -> list[Token]:
        """The tokens up to the semicolon that closes an entry; of a list without a name (`first`) to its end."""
        tokens, parts, depth = self._tokens, [first] if first else [], 1 if first else 0
        while True:
            if depth == 0 and tokens.next_is("}"):  # a semicolon was forgotten
                return parts
            token = tokens.next()
            if token is None:
                if self._depth and depth == 0:
                    return parts
                raise self._file.breaks_off("an entry")
            if token.kind == "mark":
                if token.text == ";" and depth == 0:
                    return parts
                if token.text == "{" and depth and parts[-1].kind != "number":
                    self._dictionary_in_list(dictionary, parts[-1])
                    continue
                depth += (token.text in "({[") - (token.text in ")}]")
                parts.append(token)
                if first and depth == 0:
                    return parts
            elif token.kind == "directive":
                argument, block = self._argument(token.text)
                text = f"#{token.text} {argument.text if argument else ''}".strip()
                if token.text == "include" and argument and (inner := self._included(argument.text)):
                    parts += inner._value(dictionary)
                elif token.text == "neg" and argument and (value := self._negated(argument.text, dictionary)):
                    parts.append(value)
                else:
                    parts.append(Token("directive", text))
                if block and depth == 0 and not tokens.next_is(";"):
                    return parts
            elif token.kind == "macro":
                parts += self._macro(token.text, dictionary)
            else:
                parts.append(token)

    def _dictionary_in_list(self, dictionary: FoamDictionary, before: Token) -> None:
        inner, rows = FoamDictionary(dictionary), self._inner
        self._entries(inner, nested=True)
        self._inner = [*rows, (before.text if before.kind in ("word", "string") else "", inner)]

    @staticmethod
    def _macro(name: str, dictionary: FoamDictionary) -> list[Token]:
        """What a macro stands for by now; one that is defined only later, or never, is kept."""
        token = Token("macro", name, dictionary)
        try:
            return expanded([token])
        except RefusedError:
            return [token]

    def _insert(self, dictionary: FoamDictionary, name: str) -> None:
        """`$name;`: the entries of another dictionary."""
        value = _scoped(name, dictionary)
        target = value
        if isinstance(value, list) and len(value) == 1 and value[0].kind == "macro":
            target = _scoped(value[0].text, value[0].at)
        if isinstance(target, FoamDictionary) and target is not dictionary:
            dictionary.merge(target, self._mode)
        else:
            dictionary.doubt(f"${name}")

    def _directive(self, dictionary: FoamDictionary, name: str) -> None:
        argument, _ = self._argument(name)
        text = argument.text if argument else ""
        if name in _INCLUDES:
            inner = self._included(text)
            if inner:
                inner._mode = self._mode
                inner.into(dictionary)
                self._mode = inner._mode
            elif name == "include" or not self._is_absent(text):
                dictionary.doubt(f'#{name} "{text}"')
        elif name == "inputMode":
            self._mode = text if text in ("overwrite", "protect", "warn") else "merge"
        elif name == "remove":
            for word in text.split():
                for key in [k for k in dictionary.entries if matches(word, k)]:
                    del dictionary.entries[key]
        elif name in ("if", "ifeq"):
            self._conditional(dictionary, name, text)
        elif name in ("else", "endif"):
            if name == "else":  # behind a branch that was taken
                self._skip_branch(to_else=False)
        elif _HARMLESS.match(f"#{name} {text}"):
            dictionary.unread.append(f"#{name} {text}".strip())
        else:
            dictionary.doubt(f"#{name} {text}".strip())

    def _argument(self, name: str) -> tuple[Token | None, bool]:
        """The argument of a directive, and whether it was a block in braces."""
        tokens = self._tokens
        if name in ("else", "endif"):
            return None, False
        if name == "ifeq":
            words = [tokens.next(), tokens.next()]
            return Token("string", " ".join(_spelt(t) for t in words if t)), False
        if tokens.next_is("{") or tokens.next_is("("):
            words, depth = [], 0
            while token := tokens.next():
                if token.kind == "mark":
                    depth += (token.text in "({[") - (token.text in ")}]")
                words.append(token.text)
                if depth == 0:
                    break
            return Token("string", "" if words[0] == "{" else " ".join(words[1:-1])), words[0] == "{"
        following = tokens.peek()
        if following is None or following.kind == "mark":
            return None, False
        tokens.next()
        if following.kind == "code":
            return None, False
        return Token("string", _spelt(following)), False

    def _conditional(self, dictionary: FoamDictionary, name: str, text: str) -> None:
        words = [self._value_of(word, dictionary) for word in text.split()]
        if name == "ifeq" and len(words) == 2 and None not in words:
            holds: bool | None = words[0] == words[1]
        elif name == "if" and len(words) == 1 and words[0] is not None:
            word = words[0].lower()
            holds = True if word in _TRUE else False if word in _FALSE else None
        else:
            holds = None
        if holds is None:
            while self._skip_branch(to_else=True):
                pass
            dictionary.doubt(f"#{name} {text}")
        elif not holds:
            self._skip_branch(to_else=True)

    def _negated(self, word: str, dictionary: FoamDictionary) -> Token | None:
        value = number_of(self._value_of(word, dictionary) or "")
        return None if value is None else Token("number", repr(-value))

    def _value_of(self, word: str, dictionary: FoamDictionary) -> str | None:
        if not word.startswith("$"):
            return word
        value = _scoped(word.strip("${}"), dictionary)
        return (
            value[0].text
            if isinstance(value, list) and len(value) == 1 and value[0].kind != "macro"
            else None
        )

    def _skip_branch(self, to_else: bool) -> bool:
        """Skips to the #endif, or to the #else (True) of the conditional that the reader is in."""
        depth = 0
        while token := self._tokens.next():
            if token.kind != "directive":
                continue
            depth += token.text in ("if", "ifeq")
            if token.text == "endif":
                if depth == 0:
                    return False
                depth -= 1
            elif token.text == "else" and depth == 0 and to_else:
                return True
        return False

    def _place(self, name: str) -> Path | None:
        """Where an included file lies; None where that is outside the case or unknown."""
        if self._case is None or self._depth >= _DEEPEST:
            return None
        case = os.path.abspath(self._case)
        name = re.sub(r"^(?:\$FOAM_CASE|\$\{FOAM_CASE\}|<case>)", lambda _: case, name)
        name = re.sub(r"^<(system|constant)>", lambda m: f"{case}/{m[1]}", name)
        if re.search(r"[$<>]", name) or not name:
            return None
        place = os.path.normpath(os.path.join(os.path.abspath(self._file.path.parent), name))
        return Path(place) if os.path.commonpath([case, place]) == case else None

    def _included(self, name: str) -> _Parser | None:
        place = self._place(name)
        if place is None or not (place.is_file() or place.with_name(f"{place.name}.gz").is_file()):
            return None
        file = FoamLists(place, needs_header=False)
        return _Parser(file, self._case, self._lenient, self._depth + 1)

    def _is_absent(self, name: str) -> bool:
        place = self._place(name)
        return place is not None and not place.exists()


def _scoped(name: str, at: FoamDictionary) -> list[Token] | FoamDictionary | None:
    try:
        return scoped(name, at)
    except RefusedError:
        return None


def _spelt(token: Token) -> str:
    return f"${token.text}" if token.kind == "macro" else token.text
