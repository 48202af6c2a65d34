"""API keys of the endpoint, as the commands `fieldwright keys ...` show them."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from fieldwright.data.api_keys import KeyFile
from fieldwright.data.errors import AccessError


def add_key(
    name: str, routes: Sequence[str], studies: Sequence[str], per_minute: int, console: Console
) -> None:
    """Makes a key and prints it, this once."""
    if not name.strip():
        raise AccessError("A key must have a name", "none", "Give one, such as that of its user")
    for route in routes:
        if not route.startswith("/"):
            raise AccessError(
                "A route must begin with a slash", f"'{route}'", f"Perhaps '/{route}' was meant"
            )
    if per_minute < 0:
        raise AccessError(
            "Requests per minute must be 0, for any number, or more", str(per_minute), "Correct --per-minute"
        )
    file = KeyFile()
    key = file.add(name, routes, studies, per_minute)
    console.print(f"Key '{name}', shown this once and kept as a hash in {file.path}:", highlight=False)
    # Neither wrapped nor coloured: it is to be copied.
    print(key)


def list_keys(console: Console) -> None:
    """Prints what each key may do; no key itself is known."""
    keys = KeyFile().read()
    if not keys:
        console.print("There are no keys: `fieldwright keys add NAME` makes one.")
        return
    table = Table("name", "routes", "studies", "per minute", "created")
    for key in keys:
        table.add_row(
            key.name,
            ", ".join(key.routes) or "all",
            ", ".join(key.studies) or "all",
            str(key.per_minute or "any number"),
            key.created,
        )
    console.print(table)


def revoke_key(name: str, console: Console) -> None:
    """Takes a key away."""
    KeyFile().revoke(name)
    console.print(f"Key '{name}' is revoked; endpoints refuse it within a second.", highlight=False)
