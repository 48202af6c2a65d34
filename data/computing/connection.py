"""The way to a dask.distributed cluster: reached in time, with workers like this process, or one sentence."""

from __future__ import annotations

import re
import socket
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fieldwright.data.computing.worker_check import Installation, check_worker
from fieldwright.data.disk import fault
from fieldwright.data.errors import ComputeError

if TYPE_CHECKING:
    from distributed import Client, Security

PATIENCE = 10.0
"""Seconds in which a scheduler must answer, and have a worker."""
START_SECONDS = 300.0
"""In which processes of this machine must have started, however busy it is."""
DEATHS = 2
"""Workers of this machine that a piece of work may take with it before it is tried by itself."""
_LOCAL = re.compile(r"local:([1-9]\d{0,3})")
_SCHEDULER = re.compile(r"(tcp|tls)://\S+:\d+")


@dataclass(frozen=True)
class WorkersAddress:
    """Where the workers are.

    Parameters
    ----------
    scheduler
        Address of a running scheduler; None for processes of this machine.
    processes
        How many of them.
    ca, certificate, key
        Files in PEM for an address that begins with `tls://`; those of Dask's own configuration where left out.
    """

    scheduler: str | None = None
    processes: int = 0
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    @classmethod
    def of(
        cls, text: str, ca: Path | None = None, certificate: Path | None = None, key: Path | None = None
    ) -> WorkersAddress:
        """What "local:8", "tcp://host:8786" or "tls://host:8786" stands for; raises ValueError for anything else."""
        local = _LOCAL.fullmatch(text)
        if local:
            return cls(processes=int(local[1]))
        if not _SCHEDULER.fullmatch(text):
            raise ValueError(
                'must be the address of a Dask scheduler, "tcp://host:8786" or "tls://host:8786", or a number of '
                f"processes of this machine, \"local:8\": '{text}'"
            )
        return cls(text, 0, ca, certificate, key)


@contextmanager
def connect(address: WorkersAddress, seen: tuple[Path, ...]) -> Iterator[Client]:
    """A client of the cluster, whose workers are like this process and see these paths; raises ComputeError."""
    from dask import config
    from distributed import Client, LocalCluster

    with ExitStack() as stack:
        if address.scheduler is None:
            settings = {
                "distributed.scheduler.allowed-failures": DEATHS,
                # Else a worker that takes longer than 15 s to start again is given up for good, and so is the last.
                "distributed.deploy.lost-worker-timeout": f"{START_SECONDS} s",
            }
            stack.enter_context(config.set(settings))
            cluster = LocalCluster(
                n_workers=address.processes,
                threads_per_worker=1,
                dashboard_address="127.0.0.1:0",
                memory_limit=0,
            )
            client = Client(stack.enter_context(cluster), set_as_default=False)
        else:
            client = _client(address)
        stack.enter_context(client)
        _check_workers(client, address, seen)
        yield client


def _client(address: WorkersAddress) -> Client:
    from distributed import Client

    security = _security(address)
    try:
        _refuse_silence(address, security)
        with warnings.catch_warnings():
            # Versions are compared below, those that matter alone and in one sentence.
            warnings.simplefilter("ignore")
            return Client(address.scheduler, set_as_default=False, timeout=PATIENCE, security=security)
    # What a TLS library makes of a missing or wrong key is of many kinds.
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        cause = " ".join(str(error).split())[:200]
        raise ComputeError(
            f"The Dask scheduler must answer within {PATIENCE:g} s",
            f"none at '{address.scheduler}' ({cause or type(error).__name__})",
            "Start it (`dask scheduler`, then `dask worker ADDRESS`), or correct 'dask' in [compute]",
        ) from error


def _security(address: WorkersAddress) -> Security | None:
    """The keys of an address that begins with `tls://`; raises ComputeError where there are none, or wrong ones."""
    if not str(address.scheduler).startswith("tls://"):
        return None
    from distributed import Security

    files = {"tls_ca_file": address.ca, "tls_client_cert": address.certificate, "tls_client_key": address.key}
    security = Security(require_encryption=True, **{name: str(path) for name, path in files.items() if path})
    try:
        context = security.get_connection_args("client")["ssl_context"]
    except OSError as error:
        must, do = fault(error, "the files of 'tls_ca', 'tls_certificate' and 'tls_key'") or (
            "'tls_ca', 'tls_certificate' and 'tls_key' in [compute] must be files in PEM that belong together",
            "Correct them",
        )
        raise ComputeError(must, f"'{error}'", do) from error
    if context is None:
        raise ComputeError(
            "A cluster at 'tls://' must be reached by keys",
            "none in [compute], nor in Dask's own configuration",
            "Give 'tls_ca', 'tls_certificate' and 'tls_key'",
        )
    return security


def _refuse_silence(address: WorkersAddress, security: Security | None) -> None:
    """A scheduler speaks first; the client would wait for ever for something that listens and does not."""
    host, _, port = str(address.scheduler).partition("://")[2].rpartition(":")
    with socket.create_connection((host.strip("[]"), int(port)), timeout=PATIENCE) as plain:
        stream = plain
        if security is not None:
            context = security.get_connection_args("client")["ssl_context"]
            stream = context.wrap_socket(plain, server_hostname=host)
        with stream:
            if not stream.recv(1):
                raise OSError("what listens there closes the connection")


def _check_workers(client: Client, address: WorkersAddress, seen: tuple[Path, ...]) -> None:
    try:
        client.wait_for_workers(1, timeout=PATIENCE if address.scheduler else START_SECONDS)
    except TimeoutError:
        raise ComputeError(
            "The cluster must have a worker",
            f"none at '{address.scheduler or 'this machine'}'",
            f"Start some: dask worker {address.scheduler or ''} --nthreads 1 --nworkers 4",
        ) from None
    answers: Any = client.run(check_worker, Installation.here(), seen, on_error="return")
    for worker, answer in sorted(answers.items()):
        if isinstance(answer, ComputeError):
            raise answer
        if isinstance(answer, ImportError):
            raise ComputeError(
                "Fieldwright must be installed where the workers run",
                f"'{answer}' on {worker}",
                "Install the same release there, and start the worker again",
            )
        if isinstance(answer, BaseException):
            raise answer
