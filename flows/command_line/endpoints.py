"""Commands that take a champion to its users: serve, export, keys."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

from cyclopts import App

from fieldwright.flows.command_line.app import StudyPath, app, console


@app.command
def serve(
    study: StudyPath,
    /,
    *others: StudyPath,
    host: str = "127.0.0.1",
    port: int = 3000,
    workers: int = 1,
    allowed_hosts: str = "",
    auth: bool | None = None,
    tls_cert: Path | None = None,
    tls_key: Path | None = None,
    log_predictions: float = 0.0,
    shadow: float = 0.0,
    corrections: Path | None = None,
) -> None:
    """Serve the champions of one or more studies over HTTP, following every later promotion.

    Example: fieldwright serve examples/plate/study.toml --port 3000

    Parameters
    ----------
    others
        Further study files, whose champions are served beside it under /models/NAME.
    host
        Address to listen on; 0.0.0.0 lets other machines in.
    port
        Port to listen on.
    workers
        Processes that answer queries.
    allowed_hosts
        Further names by which clients may call the endpoint, with commas between; * for any.
    auth
        Whether requests must have an API key (`fieldwright keys add`); if left out, on any but loopback addresses.
    tls_cert
        Certificate in PEM, to be asked by https.
    tls_key
        The certificate's private key.
    log_predictions
        Share of queries that are logged with their answers, for `fieldwright drift`.
    shadow
        Share of queries that the challenger is asked too, beside the answer's way; both are logged.
    corrections
        Folder in which masks of photos that people correct are kept as training labels; if left out, none are.
    """
    from fieldwright.flows.commands.serve import serve_forever
    from fieldwright.flows.study.loading import load_study

    more = [*(("--allowed-hosts", allowed_hosts) if allowed_hosts else ())]
    more += [] if auth is None else ["--auth" if auth else "--no-auth"]
    more += ["--log-predictions", str(log_predictions)] if log_predictions else []
    more += ["--shadow", str(shadow)] if shadow else []
    for option, path in (("--tls-cert", tls_cert), ("--tls-key", tls_key), ("--corrections", corrections)):
        more += [] if path is None else [option, str(path)]
    sys.exit(serve_forever([load_study(one) for one in (study, *others)], host, port, workers, more))


@app.command
def export(
    study: StudyPath,
    /,
    *,
    to: Literal["c", "onnx", "fmu", "bento"],
    out: Path | None = None,
    version: str | None = None,
    fmi: Literal[2, 3] = 2,
    quantities: tuple[str, ...] = (),
    fields: bool = False,
) -> None:
    """Take the study's champion elsewhere: as C without dependencies, ONNX, an FMU, or a bento that serves it.

    Example: fieldwright export examples/plate/study.toml --to fmu --fmi 3

    Parameters
    ----------
    out
        The folder to write into; `export` beside the study if left out.
    version
        The number of another version than the champion.
    fmi
        Version of FMI, of an FMU.
    quantities
        Such as "max(von_mises)" or "point(T, 0.1, 0.2)"; largest, least and mean values of all fields if left out.
    fields
        Whether whole fields are outputs too.
    """
    from fieldwright.flows.commands.export import ExportOptions, export_version
    from fieldwright.flows.study.loading import load_study

    loaded = load_study(study)
    options = ExportOptions(to, fmi, quantities, fields)
    export_version(loaded, version, options, out or study.with_name("export"), console)


keys_app = App(name="keys", help="API keys of the endpoint: add, list and revoke them.")
app.command(keys_app)


@keys_app.command
def add(
    name: str,
    /,
    *,
    routes: tuple[str, ...] = (),
    studies: tuple[str, ...] = (),
    per_minute: int = 0,
) -> None:
    """Make an API key and show it, this once.

    Example: fieldwright keys add optimiser --routes /predict --per-minute 600

    Parameters
    ----------
    routes
        What it may ask, such as /predict; all if left out.
    studies
        The studies whose models it may ask; all if left out.
    per_minute
        Requests that it may send in a minute; 0 for any number.
    """
    from fieldwright.flows.commands.keys import add_key

    add_key(name, routes, studies, per_minute, console)


@keys_app.command(name="list")
def list_() -> None:
    """Show the API keys and what each may do.

    Example: fieldwright keys list
    """
    from fieldwright.flows.commands.keys import list_keys

    list_keys(console)


@keys_app.command
def revoke(name: str, /) -> None:
    """Take an API key away.

    Example: fieldwright keys revoke optimiser
    """
    from fieldwright.flows.commands.keys import revoke_key

    revoke_key(name, console)
