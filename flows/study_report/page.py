"""The report as one HTML file: no script, nothing fetched from elsewhere, fit for A4 and for print in grey."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { font: 11pt/1.45 system-ui, "Segoe UI", "Liberation Sans", Arial, sans-serif; color: #111; background: #fff;
  max-width: 60rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.7rem; margin: 0 0 .2rem; }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; padding-top: .4rem; border-top: 2px solid #111; }
p, ul { margin: .5rem 0; }
li { margin: .2rem 0; }
.about { color: #444; }
.verdict { border: 2px solid #111; padding: .6rem .9rem; margin: 1rem 0; font-weight: 600; }
nav ul { columns: 2; padding-left: 1.2rem; }
a { color: #0b4f7d; }
table { border-collapse: collapse; margin: .8rem 0; min-width: 20rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: .2rem 0; }
th, td { border-bottom: 1px solid #999; padding: .2rem .7rem .2rem 0; text-align: right; vertical-align: top; }
th { border-bottom-color: #111; }
th:first-child, td:first-child, th.text, td.text { text-align: left; }
tbody th { font-weight: 400; border-bottom-color: #999; }
tr.best th, tr.best td { font-weight: 700; }
.wide { overflow-x: auto; }
figure { margin: .8rem 0; flex: 1 1 100%; }
figure.half { flex: 0 1 calc(50% - .5rem); min-width: 18rem; }
.figures { display: flex; flex-wrap: wrap; gap: 0 1rem; align-items: flex-start; }
figure img { max-width: 100%; height: auto; }
figcaption { color: #333; font-size: .92rem; }
pre { background: #f3f3f3; border: 1px solid #bbb; padding: .6rem; overflow-x: auto; font-size: .85rem; }
footer { margin-top: 2rem; border-top: 1px solid #999; color: #444; font-size: .85rem; }
@page { size: A4; margin: 16mm 14mm; }
@media print {
  body { font-size: 9.5pt; max-width: none; padding: 0; }
  nav { display: none; }
  h2 { break-after: avoid; }
  figure, table, pre, .verdict { break-inside: avoid; }
  figure img { max-height: 215mm; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  .wide { overflow: visible; }
  a { color: inherit; text-decoration: none; }
}
"""


NARROW = 760
"""Pixels up to which two pictures stand side by side."""


@dataclass(frozen=True)
class ReportTable:
    """A table: its caption, its head, its rows, the first cell of each naming it, and which row is the best, if any.

    text_columns: positions of columns that hold words, which stand on the left.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    best: int | None = None
    text_columns: tuple[int, ...] = ()

    def html(self) -> str:
        """The table, its head cells marked as such; it scrolls by itself where a window is narrow."""
        of_words = [' class="text"' if k in (0, *self.text_columns) else "" for k in range(len(self.head))]
        head = "".join(
            f'<th scope="col"{words}>{escape(name)}</th>'
            for words, name in zip(of_words, self.head, strict=True)
        )
        lines = []
        for number, (first, *others) in enumerate(self.rows):
            mark = ' class="best"' if number == self.best else ""
            cells = "".join(
                f"<td{words}>{escape(cell)}</td>" for words, cell in zip(of_words[1:], others, strict=True)
            )
            lines.append(f'<tr{mark}><th scope="row" class="text">{escape(first)}</th>{cells}</tr>')
        return (
            f'<div class="wide"><table><caption>{escape(self.caption)}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
        )


@dataclass(frozen=True)
class ReportFigure:
    """A picture, its media type, what it shows in words, for those who cannot see it too, and its pixels.

    Narrow ones stand in pairs.
    """

    content: bytes
    media_type: str
    words: str
    size: tuple[int, int]

    def html(self) -> str:
        """The picture within the page."""
        data = base64.b64encode(self.content).decode()
        words = escape(self.words)
        width, height = self.size
        half = ' class="half"' if width <= NARROW else ""
        return (
            f'<figure{half}><img src="data:{self.media_type};base64,{data}" alt="{words}" width="{width}" '
            f'height="{height}">'
            f"<figcaption>{words}</figcaption></figure>"
        )


@dataclass(frozen=True)
class ReportCode:
    """Lines to be typed or copied, and what they do."""

    words: str
    lines: str

    def html(self) -> str:
        """The lines as they are."""
        return f"<p>{_prose(self.words)}</p><pre><code>{escape(self.lines)}</code></pre>"


@dataclass(frozen=True)
class ReportSection:
    """A part of the report: its title, sentences, and what stands below them."""

    title: str
    sentences: tuple[str, ...]
    parts: tuple[ReportTable | ReportFigure | ReportCode, ...] = ()

    @property
    def anchor(self) -> str:
        """Its address within the page."""
        return "-".join("".join(c if c.isalnum() else " " for c in self.title.lower()).split())

    def html(self) -> str:
        """The section with its heading."""
        sentences = "".join(f"<p>{_prose(one)}</p>" for one in self.sentences)
        parts = []
        for drawn, group in groupby(self.parts, lambda one: isinstance(one, ReportFigure)):
            content = "".join(one.html() for one in group)
            parts.append(f'<div class="figures">{content}</div>' if drawn else content)
        below = "".join(parts)
        return f'<section id="{self.anchor}"><h2>{escape(self.title)}</h2>{sentences}{below}</section>'


def report_page(
    title: str,
    about: str,
    verdict: str,
    summary: Sequence[str],
    sections: Sequence[ReportSection],
    footer: str,
) -> str:
    """The page: title, the decision, the most important sentences, and the sections in their order."""
    entries = "".join(f'<li><a href="#{one.anchor}">{escape(one.title)}</a></li>' for one in sections)
    points = "".join(f"<li>{_prose(one)}</li>" for one in summary)
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>",
            f'<header><h1>{escape(title)}</h1><p class="about">{escape(about)}</p>',
            f'<p class="verdict">{escape(verdict)}</p></header>',
            f'<nav aria-label="Contents"><ul>{entries}</ul></nav>',
            f"<main><h2>In short</h2><ul>{points}</ul>" if points else "<main>",
            *(one.html() for one in sections),
            f"</main><footer><p>{escape(footer)}</p></footer></body></html>",
            "",
        ]
    )


def _prose(sentence: str) -> str:
    """A sentence in which what stands between back quotes is code."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(sentence))
