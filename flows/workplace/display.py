"""The workplace's table in a terminal, drawn anew; elsewhere a line for each state that has changed."""

from __future__ import annotations

from rich.console import Console
from rich.live import Live

from fieldwright.flows.workplace.overview import Overview


class Display:
    """Shows overviews until its block ends."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None
        self._before: Overview | None = None
        self._lines: dict[str, str] = {}
        self._table_printed = False

    def __enter__(self) -> Display:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, overview: Overview) -> None:
        """Draws it where it is not what is shown already."""
        if overview == self._before:
            return
        self._before = overview
        if self._live is not None:
            self._live.update(overview.table(), refresh=True)
            return
        lines = overview.lines()
        for name, line in lines.items():
            if self._lines.get(name) != line:
                self._console.print(line, markup=False, highlight=False, soft_wrap=True)
        self._lines = lines
        if overview.complete and not self._table_printed:
            # Once, for those who look into the log for the addresses.
            self._console.print(overview.table())
            self._table_printed = True
