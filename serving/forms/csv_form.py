"""Answers as CSV: a table for spreadsheets."""

from __future__ import annotations

from fieldwright.data.output.csv_table import csv_bytes
from fieldwright.serving.forms.reply import Reply


def write_csv(reply: Reply) -> bytes:
    """A row for each query, or for each query and time; raises QueryError for arrays that are no numbers by time."""
    return csv_bytes(reply.columns())
