"""`python -m fieldwright.serving`: serves the champion of a registered model until it is told to stop."""

from __future__ import annotations

import argparse
import ipaddress
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence

from fieldwright.data.errors import FieldwrightError
from fieldwright.serving.hosting.allowed_hosts import names_of
from fieldwright.serving.hosting.server import Address


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the supervisor; 0 after SIGINT or SIGTERM, 2 with one sentence where it cannot serve."""
    parser = argparse.ArgumentParser("python -m fieldwright.serving", description=__doc__)
    parser.add_argument("--tracking-uri", required=True, help="MLflow store, such as sqlite:///var/mlflow.db")
    parser.add_argument("--model", required=True, help="registered model, named like its study")
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
    parser.add_argument("--home", help="folder of all working data ($FIELDWRIGHT_HOME or ./var)")
    given = parser.parse_args(arguments)
    if given.workers < 1 or not 0 < given.port < 65536:
        parser.error("--workers must be at least 1 and --port in 1..65535")
    if given.home:
        os.environ["FIELDWRIGHT_HOME"] = given.home
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    for noisy in ("alembic", "httpx", "mlflow"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    stop = threading.Event()
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: stop.set())
    try:
        address = Address(str(given.host), given.port)
        address.listen().close()
        # Imported once the rest is known to be right: mlflow takes seconds.
        from fieldwright.serving.hosting.supervisor import Supervisor

        hosts = names_of(address.host, given.allowed_hosts)
        Supervisor(given.tracking_uri, given.model, address, given.workers, hosts).run(stop)
    except FieldwrightError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
