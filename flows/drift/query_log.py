"""The log of predictions as samples that are independent of each other: one query of each request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from fieldwright.data.prediction_log import predictions_folder, read_predictions
from fieldwright.flows.drift.verdict import Period

MOST_PERIODS = 12
MOST_QUERIES = 100_000
"""The newest that are looked at: so many say enough, and more take minutes."""


@dataclass(frozen=True, eq=False)
class QueryLog:
    """What one model was asked.

    table: one row for each query, see `read_predictions`. names: of the p parameters.
    """

    table: pd.DataFrame
    names: tuple[str, ...]

    @classmethod
    def of(cls, model: str, names: Sequence[str], since: datetime | None = None) -> QueryLog:
        """The log of this machine; queries of versions with other parameters are left out."""
        table = read_predictions(predictions_folder(model), since, most=MOST_QUERIES)
        # Those that the challenger was asked too are twice in the log.
        table = pd.DataFrame(table[table["pair"] == ""])
        columns = [f"parameters.{name}" for name in names]
        if not set(columns) <= set(table.columns):
            table = table.iloc[:0].reindex(columns=list(dict.fromkeys([*table.columns, *columns])))
        sound = table[columns].notna().all(axis=1) if len(table) else []
        return cls(pd.DataFrame(table[sound]).reset_index(drop=True) if len(table) else table, tuple(names))

    @property
    def x(self) -> np.ndarray:
        """(n, p) parameters of all queries."""
        return self.table[[f"parameters.{name}" for name in self.names]].to_numpy(dtype=np.float64)

    def one_of_each_request(self, seed: int) -> QueryLog:
        """A query of each request, drawn by the seed: those of one request depend on each other."""
        if self.table.empty:
            return self
        order = np.random.default_rng(seed).permutation(len(self.table))
        drawn = self.table.iloc[order].drop_duplicates(["request_id", "time"])
        return QueryLog(drawn.sort_values("time").reset_index(drop=True), self.names)

    def between(self, begin: datetime, end: datetime) -> QueryLog:
        """The queries of this time."""
        times = self.table["time"]
        rows = (times >= begin) & (times < end)
        return QueryLog(pd.DataFrame(self.table[rows]).reset_index(drop=True), self.names)

    def widths(self, version: str) -> dict[str, np.ndarray]:
        """By label of a quantity, the widths of the bands that a version answered with, (n,); means over times."""
        rows = self.table[self.table["version"] == version]
        widths = {}
        for column in rows.columns:
            if column.startswith("quantities.") and column.endswith(".upper"):
                label = column.removeprefix("quantities.").removesuffix(".upper")
                pairs = pd.DataFrame(rows[[f"quantities.{label}.lower", column]]).dropna().to_numpy()
                values = [float(np.mean(np.asarray(high) - np.asarray(low))) for low, high in pairs]
                if values:
                    widths[label] = np.array(values)
        return widths

    def periods(self, outside: np.ndarray, begin: datetime, end: datetime) -> tuple[Period, ...]:
        """The queries of equal parts of the time, and those outside; outside: (n,) bool of all queries."""
        step = (end - begin) / MOST_PERIODS
        times = self.table["time"]
        parts = []
        for k in range(MOST_PERIODS):
            first = begin + k * step
            rows = ((times >= first) & (times < first + step)).to_numpy(dtype=bool)
            parts.append(
                Period(first.isoformat(timespec="seconds"), int(rows.sum()), int(outside[rows].sum()))
            )
        return tuple(parts)
