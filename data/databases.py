"""The PostgreSQL server of $FIELDWRIGHT_DATABASE_URL: one database in it for MLflow, one for Prefect."""

from __future__ import annotations

import os
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

from fieldwright.data.errors import ModelError
from fieldwright.data.redaction import without_password

VARIABLE = "FIELDWRIGHT_DATABASE_URL"
FORM = "postgresql://USER:PASSWORD@HOST:PORT/NAME"


def database_url(of: Literal["mlflow", "prefect"]) -> str | None:
    """The address of one of the two databases, NAME_mlflow or NAME_prefect; None where the variable is not set.

    A database that is not there is made.

    Raises
    ------
    ModelError
        The variable is no such address, the driver is not installed, or the server does not answer.
    """
    text = os.environ.get(VARIABLE)
    if not text:
        return None
    parts = urlsplit(text)
    name = parts.path.strip("/")
    if parts.scheme != "postgresql" or not name or "/" in name:
        raise ModelError(
            f"${VARIABLE} must be the address of a PostgreSQL server with a name for the databases",
            f"'{without_password(text)}'",
            f"Write {FORM}: MLflow's database is NAME_mlflow, Prefect's NAME_prefect",
        )
    url = urlunsplit(parts._replace(path=f"/{name}_{of}"))
    _make_if_missing(url, f"{name}_{of}", urlunsplit(parts._replace(path="/postgres")))
    return url


def require_driver() -> None:
    """Raises ModelError where no database of PostgreSQL can be spoken to."""
    try:
        import psycopg2  # noqa: F401
    except ImportError:
        raise ModelError(
            "A tracking store in PostgreSQL must have the driver psycopg2",
            "none",
            "Install the extra: pip install 'fieldwright[postgresql]'",
        ) from None


def _make_if_missing(url: str, name: str, maintenance_url: str) -> None:
    require_driver()
    import psycopg2
    from psycopg2 import errors, sql

    try:
        psycopg2.connect(url).close()
        return
    except psycopg2.OperationalError as error:
        # The server says so by its message alone: an error of connecting has no code.
        if f'database "{name}" does not exist' not in str(error):
            raise _no_answer(url, error) from error
    try:
        connection = psycopg2.connect(maintenance_url)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        finally:
            connection.close()
    except (errors.DuplicateDatabase, errors.UniqueViolation):
        # Another command has made it in the meantime.
        return
    except psycopg2.Error as error:
        raise ModelError(
            f"The database '{name}' must be there, or this user may make it",
            f"'{_first_line(error)}'",
            f"Have an administrator make it: createdb --owner USER {name}",
        ) from error


def _no_answer(url: str, error: Exception) -> ModelError:
    return ModelError(
        f"The PostgreSQL server of ${VARIABLE} must answer",
        f"{without_password(url)}: {_first_line(error)}",
        "Check the address, the user and the password, and that the server is up",
    )


def _first_line(error: Exception) -> str:
    lines = without_password(str(error)).strip().splitlines()
    return lines[0] if lines else type(error).__name__
