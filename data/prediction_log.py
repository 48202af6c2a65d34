"""A sample of what an endpoint has answered, in Parquet files: written by the endpoint, read to look for drift.

`$FIELDWRIGHT_HOME/predictions/<model>/<time>-<process>.parquet`, named by the time at which they were written.
Each row is one query:

| column | type | meaning |
|---|---|---|
| time | timestamp, UTC | when it was answered |
| model, version | string | by which |
| request_id | string | of the request, as in the endpoint's log |
| inside | bool | whether it lies in the domain of the training runs |
| parameters | map of string to double | by name, in the units of the study |
| quantities | list of label, mean, std, lower, upper | as answered; each a list, of one number per time |
| pair | string | of a query that the challenger was asked too: the same in both rows; empty in all others |
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from fieldwright.data.disk import unreadable
from fieldwright.data.environment import folder_name, home
from fieldwright.data.errors import ReadError

STATISTICS = ("mean", "std", "lower", "upper")
SCHEMA = pa.schema(
    [
        ("time", pa.timestamp("us", tz="UTC")),
        ("model", pa.string()),
        ("version", pa.string()),
        ("request_id", pa.string()),
        ("inside", pa.bool_()),
        ("parameters", pa.map_(pa.string(), pa.float64())),
        (
            "quantities",
            pa.list_(
                pa.struct([("label", pa.string()), *((name, pa.list_(pa.float64())) for name in STATISTICS)])
            ),
        ),
        ("pair", pa.string()),
    ]
)
NESTED = ("parameters", "quantities")
SUFFIX, PARTIAL = ".parquet", ".partial"
PARTIAL_SECONDS = 3600.0
"""No file takes so long to be written."""
TIME_FORMAT = "%Y%m%dT%H%M%S%f"


@dataclass(frozen=True)
class LoggedPrediction:
    """One query and its answer.

    quantities: by label the STATISTICS, each with one number per time. pair: joins the answers of champion and
    challenger to the same query; empty for an answer alone.
    """

    time: datetime
    model: str
    version: str
    request_id: str
    inside: bool
    parameters: Mapping[str, float]
    quantities: Mapping[str, Sequence[list[float]]]
    pair: str = ""


def predictions_folder(model: str) -> Path:
    """Where the log of a registered model lies."""
    return home() / "predictions" / folder_name(model)


def write_predictions(folder: Path, rows: Iterable[LoggedPrediction]) -> Path:
    """Writes one more file of a log, whole or not at all; raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{datetime.now(UTC):{TIME_FORMAT}}-{os.getpid()}{SUFFIX}"
    partial = path.with_suffix(PARTIAL)
    try:
        pq.write_table(_table(list(rows)), partial, compression="zstd")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def _table(rows: Sequence[LoggedPrediction]) -> pa.Table:
    """By columns, which costs a tenth of what it does by rows."""
    bands = [band for row in rows for band in row.quantities.values()]
    parts = [
        pa.array([label for row in rows for label in row.quantities], pa.string()),
        *(
            pa.array([band[index] for band in bands], pa.list_(pa.float64()))
            for index in range(len(STATISTICS))
        ),
    ]
    quantities = pa.StructArray.from_arrays(parts, fields=list(SCHEMA.field("quantities").type.value_type))
    ends = accumulate((len(row.quantities) for row in rows), initial=0)
    columns = {
        name: pa.array([getattr(row, name) for row in rows], SCHEMA.field(name).type)
        for name in SCHEMA.names
        if name not in NESTED
    }
    parameters = [list(row.parameters.items()) for row in rows]
    columns["parameters"] = pa.array(parameters, SCHEMA.field("parameters").type)
    columns["quantities"] = pa.ListArray.from_arrays(
        pa.array(list(ends), pa.int32()), quantities, type=SCHEMA.field("quantities").type
    )
    return pa.table(columns, schema=SCHEMA)


def prune_predictions(folder: Path, most_bytes: int) -> None:
    """Deletes the oldest files of a log until all together are no larger; raises OSError."""
    for path in folder.glob(f"*{PARTIAL}"):
        # What a killed worker has left.
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > PARTIAL_SECONDS:
                path.unlink()
    total = 0
    for path in sorted(folder.glob(f"*{SUFFIX}"), reverse=True):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue  # another worker has deleted it
        if total > most_bytes:
            path.unlink(missing_ok=True)


def read_predictions(
    folder: Path, since: datetime | None = None, version: str = "", most: int | None = None
) -> pd.DataFrame:
    """The log of an endpoint as a table with one row per query.

    Parameters
    ----------
    folder
        As `predictions_folder` gives it.
    since
        Leaves out what was answered before.
    version
        Leaves out what another version answered.
    most
        Number of queries after which no older file is read; the whole log if None.

    Returns
    -------
    pandas.DataFrame
        Columns `time`, `model`, `version`, `request_id`, `inside` and `pair`; `parameters.<name>` for each parameter;
        and `quantities.<label>.<statistic>` for each quantity, NaN where it was not asked for: a number, or where
        there are several times, a list of them.

    Raises
    ------
    ReadError
        Where a file is no log of predictions.
    """
    parts: list[list[dict]] = []
    for path in sorted(folder.glob(f"*{SUFFIX}"), reverse=True):
        # What a file holds was answered before it was written.
        if (most is not None and sum(map(len, parts)) >= most) or (
            since is not None and _written_before(path, since)
        ):
            break
        try:
            table = pq.read_table(path, schema=SCHEMA)
        except FileNotFoundError:
            continue  # pruned by the endpoint
        except (pa.ArrowInvalid, OSError) as error:
            # Of a damaged file too, Arrow raises an OSError, without a number.
            why = unreadable(path, error) if isinstance(error, OSError) else None
            raise why or ReadError(
                f"'{path}' must be a whole file of a log of predictions",
                str(error).splitlines()[0],
                "Delete it",
            ) from error
        parts.append(
            [
                row
                for row in table.to_pylist(maps_as_pydicts="strict")
                if (since is None or row["time"] >= since) and version in ("", row["version"])
            ]
        )
    rows = [row for part in reversed(parts) for row in part]
    common = [name for name in SCHEMA.names if name not in NESTED]
    return pd.DataFrame([_flat(row, common) for row in rows], columns=None if rows else common)


def _written_before(path: Path, moment: datetime) -> bool:
    try:
        written = datetime.strptime(path.name.split("-")[0], TIME_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return False  # not named by an endpoint
    return written < moment


def _flat(row: dict, common: list[str]) -> dict:
    # A file of an earlier release has no pairs.
    flat = {name: row[name] for name in common} | {"pair": row["pair"] or ""}
    flat |= {f"parameters.{name}": value for name, value in row["parameters"].items()}
    for quantity in row["quantities"]:
        for statistic in STATISTICS:
            values = quantity[statistic]
            flat[f"quantities.{quantity['label']}.{statistic}"] = values[0] if len(values) == 1 else values
    return flat
