"""What the workplace starts: Prefect's server and worker, MLflow's server, the endpoint."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Sequence

from fieldwright.data.databases import database_url
from fieldwright.data.environment import home
from fieldwright.data.errors import StudyError
from fieldwright.data.tracking_file import default_uri
from fieldwright.flows.commands.mlflow_ui import mlflow_server
from fieldwright.flows.commands.serve import endpoint_command
from fieldwright.flows.study.file import StudyFile
from fieldwright.flows.tracking.artifact_place import artifact_place
from fieldwright.flows.workplace.deployments import POOL
from fieldwright.flows.workplace.presence import Addresses
from fieldwright.flows.workplace.service import PartProgram

LOOPBACK = "127.0.0.1"
VACUUM = "events,flow_runs"
"""What Prefect deletes by itself once it is 90 days old; without it the store would grow for ever."""


def address(port: int) -> str:
    """Of a page on this machine."""
    return f"http://{LOOPBACK}:{port}"


def port_of(url: str) -> int:
    """The port in an address."""
    return int(url.rpartition(":")[2])


def require_free_ports(options: dict[str, int]) -> None:
    """Raises StudyError for the first port, by the option that sets it, on which something listens already."""
    if len(set(options.values())) < len(options):
        raise StudyError(
            f"{', '.join(options)} must be different ports",
            ", ".join(map(str, options.values())),
            "Change one",
        )
    for option, port in options.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except (OSError, OverflowError) as error:
                raise StudyError(
                    f"Port {port} must be free",
                    f"'{getattr(error, 'strerror', error)}'",
                    f"Stop what listens there, or choose another by {option}",
                ) from None


def prefect_environment(addresses: Addresses) -> dict[str, str]:
    """For all of Prefect's programs: a store of the workplace's own, and nothing of a user's profile."""
    return {
        "PREFECT_HOME": str(home() / "prefect"),
        "PREFECT_PROFILES_PATH": str(home() / "prefect" / "profiles.toml"),
        "PREFECT_API_URL": addresses.prefect_api,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "FIELDWRIGHT_HOME": str(home()),
    }


def prefect_server(addresses: Addresses) -> PartProgram:
    """The server of schedules and runs, with its page."""
    environment = prefect_environment(addresses) | {
        # The page asks the address that is in it, which is that of port 4200 unless it is said.
        "PREFECT_UI_API_URL": addresses.prefect_api,
        # Else who holds the one place of a deployment is forgotten with the server, and its run ended as overtaken.
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": os.environ.get(
            "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED", VACUUM
        ),
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    }
    database = database_url("prefect")
    if database is not None:
        environment["PREFECT_API_DATABASE_CONNECTION_URL"] = database.replace(
            "postgresql://", "postgresql+asyncpg://", 1
        )
    port = str(port_of(addresses.prefect))
    return PartProgram(
        "Prefect server",
        (sys.executable, "-m", "prefect", "server", "start", "--host", LOOPBACK, "--port", port),
        environment,
        addresses.prefect,
        f"{addresses.prefect_api}/health",
    )


def prefect_worker(addresses: Addresses) -> PartProgram:
    """The worker that starts each run as a process of its own."""
    limit = str(max(1, (os.cpu_count() or 2) // 2))
    command = ("worker", "start", "--pool", POOL, "--type", "process", "--name", "workplace")
    return PartProgram(
        "Prefect worker",
        (sys.executable, "-m", "prefect", *command, "--limit", limit),
        prefect_environment(addresses),
        f"{addresses.prefect}/work-pools/work-pool/{POOL}",
    )


def mlflow_program(addresses: Addresses) -> PartProgram | None:
    """MLflow's server on the store that studies are tracked in by default; None where that is a server already."""
    uri = default_uri()
    if uri.startswith(("http://", "https://")):
        return None
    command, environment = mlflow_server(uri, artifact_place(None), port_of(addresses.mlflow))
    return PartProgram(
        "MLflow server", tuple(command), environment, addresses.mlflow, f"{addresses.mlflow}/health"
    )


def endpoint(addresses: Addresses, studies: Sequence[StudyFile]) -> PartProgram:
    """One endpoint for all studies that have a champion."""
    command, environment = endpoint_command(studies, LOOPBACK, port_of(addresses.endpoint))
    return PartProgram(
        "Endpoint",
        tuple(command),
        environment | {"FIELDWRIGHT_HOME": str(home())},
        addresses.endpoint,
        f"{addresses.endpoint}/readyz",
    )
