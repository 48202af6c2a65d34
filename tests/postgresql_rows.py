"""What a PostgreSQL database holds, asked by SQL."""

from __future__ import annotations

from typing import Any


def rows(url: str, statement: str) -> list[tuple[Any, ...]]:
    import psycopg2

    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()
    finally:
        connection.close()
