"""A column of numbers in a table of queries, with the sentence where one is none."""

from __future__ import annotations

import numpy as np

from fieldwright.data.errors import QueryError
from fieldwright.data.ingest.parameters.cells import TableCells
from fieldwright.data.unit_spelling import same_unit


def number_column(table: TableCells, index: int, unit: str = "", *, gaps: bool = False) -> np.ndarray:
    """The numbers (rows,) of the column with that index.

    unit: that the table must not contradict, "" for any. gaps: whether cells may be empty, which gives NaN.
    Raises QueryError for a cell that is no finite number, and for another unit.
    """
    name, table_unit = table.names[index], table.units[index]
    if unit and table_unit is not None and not same_unit(table_unit, unit):
        raise QueryError(
            f"'{name}' must be given in '{unit}', its unit in the study",
            f"'{table_unit}' in '{table.path.name}'",
            "Convert the values yourself: nothing is converted silently",
        )
    numbers = []
    for number, row in zip(table.numbers, table.rows, strict=True):
        cell = row[index]
        if table.is_number(cell):
            numbers.append(table.number(cell))
        elif gaps and cell in (None, ""):
            numbers.append(np.nan)
        else:
            raise QueryError(
                f"All values of '{name}' must be finite numbers",
                f"'{cell or ''}' in row {number} of '{table.path.name}'",
                "Correct that cell",
            )
    return np.array(numbers, dtype=np.float64)
