"""The tokens of OpenFOAM's text: words, numbers, strings, brackets, `$macros`, `#directives`; comments are skipped.

Source: OpenFOAM v2312, ISstream.C (characters of words), ITstream.C; User Guide 4.2 "Basic input/output file format".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_BLANK = re.compile(rb"(?:\s+|//[^\n]*|/\*.*?(?:\*/|\Z))*", re.S)
_TOKEN = re.compile(
    rb"""(?P<string>"(?:[^"\\]|\\.)*")
    |(?P<code>\#\{.*?\#\})
    |(?P<directive>\#[A-Za-z]\w*)
    |(?P<macro>\$(?:[^\s"'/;{}()\[\]$]|/(?![/*\s]))+)
    |(?P<dimensions>\[[^][{}();"]*\])
    |(?P<mark>[][{}();])
    |(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?=[\s"'/;{}()\[\],]|\Z))
    |(?P<word>[^\s"'/;{}()\[\]]+)
    |(?P<other>.)""",
    re.S | re.X,
)
_LIST = re.compile(rb"(?:List|Field)<(\w+)>")
# What stands before the bracket of a list, and does not take it into the word as `grad(U)` does.
_NO_CALL = (b"uniform", b"nonuniform", b"constant")
_BEFORE_LIST = re.compile(rb"\d|\(")
_WORD_LETTER = re.compile(rb"[^\s\"'/;{}()\[\]]")


@dataclass(frozen=True, slots=True)
class Token:
    """One token. kind: "word", "number", "string", "code", "directive", "macro", "dimensions", "mark" or "list".

    text: without the quotes of a string, the brackets of dimensions, the `$` and braces of a macro; of a list, which
    is one token, the type of its numbers ("" where it is not given). at: of a list, its file and position; of a
    macro, the dictionary that it stands in.
    """

    kind: str
    text: str
    at: Any = None


class Tokens:
    """Reads tokens one after the other from `position` on; None at the end.

    end_of_list(position, type) returns the end of a list of numbers, so that large and binary lists are skipped.
    """

    def __init__(
        self, content: bytes, position: int, end_of_list: Callable[[int, str], int], owner: Any = None
    ) -> None:
        self.content, self.position, self._end_of_list, self._owner = content, position, end_of_list, owner
        self._lookahead: Token | None = None

    def peek(self) -> Token | None:
        """The next token, which stays."""
        if self._lookahead is None:
            self._lookahead = self._read()
        return self._lookahead

    def next(self) -> Token | None:
        """The next token."""
        token, self._lookahead = self.peek(), None
        return token

    def next_is(self, mark: str) -> bool:
        """Whether the next token is that bracket or semicolon; it stays."""
        token = self.peek()
        return token is not None and token.kind == "mark" and token.text == mark

    def _read(self) -> Token | None:
        self.position = skip_blank(self.content, self.position)
        if self.content.startswith(b"${", self.position):
            return self._braced()
        match = _TOKEN.match(self.content, self.position)
        if match is None:
            return None
        kind, raw, self.position = match.lastgroup or "other", match[0], match.end()
        if kind == "word":
            of_list = _LIST.fullmatch(raw)
            before = skip_blank(self.content, self.position)
            if (of_list or raw == b"nonuniform") and _BEFORE_LIST.match(self.content, before):
                return self._list(of_list[1].decode() if of_list else "", before)
            if raw not in _NO_CALL:
                raw += self._call()
        text = raw.decode(errors="replace")
        if kind in ("string", "dimensions"):
            text = text[1:-1]
        return Token(
            "word" if kind == "other" else kind, text[1:] if kind in ("macro", "directive") else text
        )

    def _list(self, kind: str, start: int) -> Token:
        self.position = self._end_of_list(start, kind)
        return Token("list", kind, (self._owner, start))

    def _call(self) -> bytes:
        """The brackets that belong to the word in front of them: the (phi,U) of div(phi,U)."""
        start, depth, position = self.position, 0, self.position
        while position < len(self.content):
            letter = self.content[position : position + 1]
            depth += (letter == b"(") - (letter == b")")
            if depth < 0 or (depth == 0 and letter != b")" and not _WORD_LETTER.match(letter)):
                break
            if depth and letter in b' \t\r\n"/;{}':
                return b""
            position += 1
        self.position = position
        return self.content[start:position]

    def _braced(self) -> Token:
        depth, position = 0, self.position
        while position < len(self.content):
            letter = self.content[position : position + 1]
            depth += (letter == b"{") - (letter == b"}")
            position += 1
            if depth == 0 and letter == b"}":
                break
        text, self.position = self.content[self.position + 2 : position - 1], position
        return Token("macro", text.decode(errors="replace").strip())


def skip_blank(content: bytes, position: int) -> int:
    """The position after blanks and comments of both forms."""
    match = _BLANK.match(content, position)
    return match.end() if match else position


def without_comments(content: bytes, start: int) -> bytes:
    """The content with spaces in place of the comments behind `start`, so that all positions stay."""

    def blanked(match: re.Match[bytes]) -> bytes:
        return match[0] if match[0].startswith(b'"') else b" " * len(match[0])

    pattern = re.compile(rb'"(?:[^"\\]|\\.)*"|//[^\n]*|/\*.*?(?:\*/|\Z)', re.S)
    return content[:start] + pattern.sub(blanked, content[start:])
