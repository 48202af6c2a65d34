"""`python -m fieldwright.serving`: serves the champions of registered models until it is stopped."""

from __future__ import annotations

import argparse
import ipaddress
import math
import os
import signal
import ssl
import sys
import tempfile
import threading
from collections.abc import Sequence
from typing import get_args

from fieldwright.data.api_keys import VARIABLE, KeyFile, environment_key
from fieldwright.data.errors import AccessError, FieldwrightError, ModelError
from fieldwright.serving.hosting.allowed_hosts import names_of
from fieldwright.serving.hosting.server import Address
from fieldwright.serving.hosting.worker_settings import Access, Options
from fieldwright.serving.limits import ANSWER_SECONDS, MOST_MODELS, STALLED_SECONDS
from fieldwright.serving.observation.logs import LogFormat, configure_logs
from fieldwright.serving.observation.tracing import traces_url
from fieldwright.serving.phrases import listed


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the supervisor; 0 after SIGINT or SIGTERM, 2 with one sentence where it cannot serve."""
    parser = argparse.ArgumentParser("python -m fieldwright.serving", description=__doc__)
    parser.add_argument(
        "--tracking-uri",
        required=True,
        action="append",
        help="MLflow store, such as sqlite:///var/mlflow.db; one for all models, or one for each in their order; "
        "'${NAME}' stands for a variable of the environment, where it has a password",
    )
    parser.add_argument(
        "--model",
        required=True,
        action="append",
        help="registered model, named like its study; may be repeated",
    )
    parser.add_argument(
        "--host", type=ipaddress.ip_address, default="127.0.0.1", help="IP address to listen on (%(default)s)"
    )
    parser.add_argument("--port", type=int, default=3000, help="port to listen on (%(default)s)")
    parser.add_argument("--workers", type=int, default=1, help="processes that answer (%(default)s)")
    parser.add_argument(
        "--allowed-hosts",
        type=lambda text: text.split(","),
        default=[],
        metavar="NAME,...",
        help="further names by which clients may call the endpoint, '*' for any (loopback and the address alone)",
    )
    parser.add_argument(
        "--auth",
        action=argparse.BooleanOptionalAction,
        help="whether requests must have an API key (on any address but those of loopback)",
    )
    parser.add_argument("--tls-cert", default="", help="certificate in PEM, to be asked by https")
    parser.add_argument("--tls-key", default="", help="its private key")
    parser.add_argument(
        "--log-format", choices=get_args(LogFormat), default="lines", help="of log lines (%(default)s)"
    )
    parser.add_argument("--log-requests", action="store_true", help="one log line for each request")
    parser.add_argument(
        "--log-predictions",
        type=_share,
        default=0.0,
        metavar="SHARE",
        help="share of queries that are logged with their answers, under --home (none)",
    )
    parser.add_argument(
        "--shadow",
        type=_share,
        default=0.0,
        metavar="SHARE",
        help="share of queries that the challenger is asked beside the champion, both being logged (none)",
    )
    parser.add_argument(
        "--answer-seconds",
        type=_positive,
        default=ANSWER_SECONDS,
        help="for computing one answer, the wait for others included (%(default)g)",
    )
    parser.add_argument(
        "--stalled-seconds",
        type=_positive,
        default=STALLED_SECONDS,
        help="after which a client that reads nothing of its answer is cut off (%(default)g)",
    )
    parser.add_argument(
        "--corrections",
        default="",
        metavar="FOLDER",
        help="in which masks of photos that people correct are kept as training labels (nothing is kept)",
    )
    parser.add_argument("--home", help="folder of all working data ($FIELDWRIGHT_HOME or ./var)")
    given = parser.parse_args(arguments)
    if given.workers < 1 or not 0 < given.port < 65536:
        parser.error("--workers must be at least 1 and --port in 1..65535")
    if given.home:
        os.environ["FIELDWRIGHT_HOME"] = given.home
    configure_logs(given.log_format)
    stop = threading.Event()
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: stop.set())
    try:
        access = access_of(given)
        traces_url()  # refuses what the workers could not send to
        options = Options(
            given.log_format,
            given.log_requests,
            given.log_predictions,
            given.answer_seconds,
            given.stalled_seconds,
            given.shadow,
            corrections_folder(given.corrections),
        )
        models = models_of(given.model, [os.path.expandvars(uri) for uri in given.tracking_uri])
        address = Address(str(given.host), given.port, "https" if access.tls_cert else "http")
        address.listen().close()
        # Imported once the rest is known to be right: mlflow takes seconds.
        from fieldwright.serving.hosting.supervisor import Supervisor

        Supervisor(models, address, given.workers, access, options).run(stop)
    except FieldwrightError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def models_of(names: Sequence[str], tracking_uris: Sequence[str]) -> dict[str, str]:
    """The tracking store of each model; raises FieldwrightError where they do not go together."""
    if len(tracking_uris) not in (1, len(names)):
        raise ModelError(
            "There must be one tracking store for all models, or one for each",
            f"{len(tracking_uris)} for {len(names)} models",
            "Repeat --tracking-uri once for each --model",
        )
    if len(set(names)) < len(names) or len(names) > MOST_MODELS:
        raise ModelError(
            f"The models of an endpoint must be at most {MOST_MODELS}, of different names",
            listed(names),
            "Serve them by several endpoints, on ports of their own",
        )
    uris = tracking_uris if len(tracking_uris) > 1 else [*tracking_uris] * len(names)
    return dict(zip(names, uris, strict=True))


def corrections_folder(path: str) -> str:
    """The folder of corrections, made where there is none; raises AccessError where it cannot be written to."""
    if not path:
        return ""
    folder = os.path.abspath(path)
    try:
        os.makedirs(folder, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise AccessError(
            "The folder of --corrections must be one that can be written to",
            f"'{error.strerror}' at '{folder}'",
            "Correct the path or its permissions",
        ) from error
    return folder


def _positive(text: str) -> float:
    value = float(text)
    if not 0.0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number above 0, not {text}")
    return value


def _share(text: str) -> float:
    value = float(text)
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError(f"must be a share from 0 to 1, not {text}")
    return value


def access_of(given: argparse.Namespace) -> Access:
    """Who may ask; raises FieldwrightError where that would be everybody by oversight, or nobody could."""
    auth = not given.host.is_loopback if given.auth is None else given.auth
    if auth and not KeyFile().read() and environment_key() is None:
        raise AccessError(
            f"An endpoint that asks for API keys, as any does on {given.host}, must have one"
            if given.auth is None
            else "An endpoint that asks for API keys must have one",
            "none",
            f"Make one by `fieldwright keys add NAME`, set ${VARIABLE}, or let everybody in by --no-auth",
        )
    if bool(given.tls_cert) != bool(given.tls_key):
        raise AccessError(
            "TLS must have a certificate and its key", "one of them", "Give both --tls-cert and --tls-key"
        )
    if given.tls_cert:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
                given.tls_cert, given.tls_key, lambda: b""
            )
        except (OSError, ssl.SSLError) as error:
            raise AccessError(
                "The certificate and its key must be files in PEM that belong together, the key without password",
                f"{given.tls_cert} and {given.tls_key} ({error.strerror or error})",
                "Correct --tls-cert and --tls-key",
            ) from error
    hosts = names_of(str(given.host), given.allowed_hosts)
    return (
        Access(hosts, auth, os.path.abspath(given.tls_cert), os.path.abspath(given.tls_key))
        if given.tls_cert
        else (Access(hosts, auth))
    )


if __name__ == "__main__":
    sys.exit(main())
