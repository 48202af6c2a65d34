"""How the challenger answers what the champion was asked, by the log of predictions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from fieldwright.data.prediction_log import predictions_folder, read_predictions

MOST_QUERIES = 20_000
"""The newest in the log, which say enough."""


@dataclass(frozen=True)
class ShadowSummary:
    """Two versions that were asked the same.

    pairs: queries that both have answered. difference: of each quantity the median of |challenger - champion| in half
    widths of the champion's band. within: of each the share of the challenger's values within that band.
    """

    champion: str
    challenger: str
    pairs: int
    difference: dict[str, float]
    within: dict[str, float]

    @property
    def sentence(self) -> str:
        """The figures in words: those of the quantity that differs most."""
        worst = max(self.difference, key=lambda one: self.difference[one])
        return (
            f"the challenger, version {self.challenger}, was asked {self.pairs} queries beside version "
            f"{self.champion}: "
            f"{self.within[worst]:.0%} of its {worst} lie in the champion's band, the median difference is "
            f"{self.difference[worst]:.2g} half widths"
        )


def shadow_summaries(model: str, since: datetime | None = None) -> list[ShadowSummary]:
    """Of each two versions that the log of this machine holds, the newest at last."""
    table = read_predictions(predictions_folder(model), since, most=MOST_QUERIES)
    table = pd.DataFrame(table[table["pair"] != ""])
    if table.empty:
        return []
    # The champion's row of a pair is written first.
    groups = [rows for _, rows in table.groupby(["pair", "time"], sort=False) if len(rows) == 2]
    by_versions: dict[tuple[str, str], list[pd.DataFrame]] = {}
    for rows in sorted(groups, key=lambda one: one["time"].iloc[0]):
        versions = rows["version"].tolist()
        by_versions.setdefault((versions[0], versions[1]), []).append(rows)
    summaries = [_summary(*versions, pairs) for versions, pairs in by_versions.items()]
    return [one for one in summaries if one.difference]


def shadow_sentence(model: str, since: datetime | None = None) -> str:
    """Of the newest two versions; empty where no challenger was asked."""
    summaries = shadow_summaries(model, since)
    return summaries[-1].sentence if summaries else ""


def _summary(champion: str, challenger: str, pairs: list[pd.DataFrame]) -> ShadowSummary:
    labels = [
        column.removeprefix("quantities.").removesuffix(".mean")
        for column in pairs[-1].columns
        if column.startswith("quantities.") and column.endswith(".mean")
    ]
    differences: dict[str, list[float]] = {}
    within: dict[str, list[float]] = {}
    for rows in pairs:
        first, second = rows.iloc[0], rows.iloc[1]
        for label in labels:
            middle, lower, upper, other = (
                np.atleast_1d(np.asarray(row[f"quantities.{label}.{statistic}"], dtype=np.float64))
                for row, statistic in ((first, "mean"), (first, "lower"), (first, "upper"), (second, "mean"))
            )
            if len(middle) != len(other) or not np.isfinite([*middle, *other]).all():
                continue
            half = np.maximum(0.5 * (upper - lower), np.finfo(float).tiny)
            differences.setdefault(label, []).append(float(np.mean(np.abs(other - middle) / half)))
            within.setdefault(label, []).append(float(np.mean((other >= lower) & (other <= upper))))
    return ShadowSummary(
        champion,
        challenger,
        len(pairs),
        {label: float(np.median(values)) for label, values in differences.items()},
        {label: float(np.mean(values)) for label, values in within.items()},
    )
