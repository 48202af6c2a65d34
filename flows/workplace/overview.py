"""What the workplace shows of itself: parts and studies with their states, as a table and as a page."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from rich.console import Group
from rich.table import Table
from rich.text import Text

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="5"><title>Fieldwright</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 60em; padding: 0 1em; }}
table {{ border-collapse: collapse; width: 100%; margin-bottom: 2em; }}
th, td {{ text-align: left; padding: .4em 1em .4em 0; border-bottom: 1px solid #ccc; vertical-align: top; }}
.running {{ color: #176b2c; }} .other {{ color: #9a3b00; }}
</style></head><body><h1>Fieldwright</h1>
<table><tr><th>Part</th><th>Address</th><th>State</th></tr>{parts}</table>
<h2>Studies</h2>{studies}
<p>{footer}</p></body></html>
"""
RUNNING = "running"
WAITING, ELSEWHERE = "waits for the first champion", "yours"
RESTING = (WAITING, ELSEWHERE)
"""States of a part that is as it should be without running here."""
NO_STUDIES = "None yet. Register one by fieldwright schedule STUDY.toml --cron '0 2 * * *'."


@dataclass(frozen=True)
class PartState:
    """One program: its address, what it does, and how often it had to be started again."""

    title: str
    url: str
    state: str
    restarts: int = 0
    log: str = ""


@dataclass(frozen=True)
class StudyOverview:
    """One registered study; next_run: in its own time zone. latest: the run in Prefect that was started last."""

    name: str
    times: str
    next_run: str = ""
    latest: str = ""
    champion: str = ""
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Overview:
    """All of it at one time; ready: whether the studies are known yet."""

    page: str
    parts: Sequence[PartState]
    studies: Sequence[StudyOverview] = ()
    trouble: str = ""
    messages: Sequence[str] = field(default_factory=tuple)
    ready: bool = True

    def table(self) -> Group:
        """For a terminal."""
        parts = Table("part", "address", "state", box=None, pad_edge=False)
        parts.add_row("Start page", self.page, RUNNING)
        for part in self.parts:
            again = f", started {part.restarts} times again" if part.restarts else ""
            parts.add_row(part.title, part.url, f"{part.state}{again}")
        studies = Table("study", "runs at", "next", "last run", "champion", box=None, pad_edge=False)
        for study in self.studies:
            studies.add_row(study.name, study.times, study.next_run, study.latest, study.champion)
        lines = [Text(line) for line in (*self.messages[-5:], self.trouble) if line]
        return Group(
            parts, Text(), *((studies,) if self.studies else (Text(f"Studies: {NO_STUDIES}"),)), *lines
        )

    @property
    def complete(self) -> bool:
        """Whether all that can run runs, and the studies have been looked at."""
        return self.ready and all(part.state in (RUNNING, *RESTING) for part in self.parts)

    def lines(self) -> dict[str, str]:
        """One line for each part and each study, for a log."""
        parts = {part.title: f"{part.title}: {part.state} ({part.url})" for part in self.parts}
        studies = {
            f"study {study.name}": f"Study '{study.name}': "
            f"{study.latest or 'has not run yet'}, {study.champion or 'no champion'}"
            for study in self.studies
        }
        return parts | studies | {line: line for line in (*self.messages, self.trouble) if line}

    def html(self) -> str:
        """The start page, which needs nothing from elsewhere."""
        parts = "".join(
            f"<tr><td>{html.escape(part.title)}</td><td>{_link(part.url, part.url)}</td>"
            f'<td class="{"running" if part.state == RUNNING else "other"}">{html.escape(part.state)}</td></tr>'
            for part in self.parts
        )
        studies = "".join(
            f"<tr><td>{html.escape(study.name)}</td><td>{html.escape(study.times)}</td>"
            f"<td>{html.escape(study.next_run)}</td><td>{html.escape(study.latest)}</td>"
            f"<td>{html.escape(study.champion)}</td>"
            f"<td>{' · '.join(_link(url, text) for text, url in study.links)}</td></tr>"
            for study in self.studies
        )
        head = (
            "<tr><th>Study</th><th>Runs at</th><th>Next</th><th>Last run</th><th>Champion</th><th></th></tr>"
        )
        return PAGE.format(
            parts=parts,
            studies=f"<table>{head}{studies}</table>" if studies else f"<p>{html.escape(NO_STUDIES)}</p>",
            footer=html.escape(" ".join((*self.messages[-5:], self.trouble))),
        )

    def json(self) -> str:
        """For programs."""
        return json.dumps(asdict(self))


def _link(url: str, text: str) -> str:
    return f'<a href="{html.escape(url, quote=True)}">{html.escape(text)}</a>' if url else ""
