"""`python -m fieldwright.serving.hosting.worker`: one process that answers, started by the supervisor alone.

uvicorn serves the BentoML service on a socket that all workers share. BentoML's own process manager is left out: it
listens on a TCP port without a password, by which any user of the machine could have it run programs.
"""

from __future__ import annotations

import asyncio
import logging
import math
import signal
import socket

import uvicorn

from fieldwright.serving.hosting.champions import Champions
from fieldwright.serving.hosting.http_protocol import HEADER_SECONDS, LimitedProtocol
from fieldwright.serving.hosting.parent_watch import die_with_parent
from fieldwright.serving.hosting.worker_settings import WorkerSettings
from fieldwright.serving.jobs.passage import handed_over
from fieldwright.serving.limits import STOP_SECONDS
from fieldwright.serving.metrics import CONNECTIONS, Metrics
from fieldwright.serving.observation.logs import configure_logs

DEFER_SECONDS = 0.02
"""How long a worker leaves a connection to one that has fewer."""
EMPTY_SECONDS = 0.5
"""The same for a worker that has not all its models yet."""
FULL_SECONDS = 0.2
"""Before the next try where this process can open no more connections."""
logger = logging.getLogger("bentoml.fieldwright")


class Worker(uvicorn.Server):
    """uvicorn's server, which shares a listening socket fairly.

    passage, jobs: by which other workers ask about jobs, and what answers them, where this one keeps the jobs.

    Left to the kernel, whichever worker wakes first takes the connection, and one may hold nearly all of them for as
    long as they are kept alive. Here a worker that has more than another leaves the next one to it for a moment.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        listener: socket.socket,
        metrics: Metrics,
        champions: Champions,
        stalled_seconds: float,
        passage: socket.socket | None = None,
        jobs: uvicorn.Config | None = None,
    ) -> None:
        super().__init__(config)
        self._listener = listener
        self._metrics, self._rows = metrics, metrics.rows
        self._stalled_seconds = stalled_seconds
        self._champions = champions
        self._arriving: set[asyncio.Task] = set()
        self._passage, self._jobs = passage, jobs

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=[])
        self._listener.setblocking(False)
        self._count()
        asyncio.get_running_loop().add_reader(self._listener, self._arrival)
        if self._passage is not None and self._jobs is not None:
            self._jobs.load()
            self._passage.setblocking(False)
            asyncio.get_running_loop().add_reader(self._passage, self._admit)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        asyncio.get_running_loop().remove_reader(self._listener)
        if self._passage is not None:
            asyncio.get_running_loop().remove_reader(self._passage)
        self._listener.close()
        await super().shutdown()

    def _count(self) -> None:
        connections = len(self.server_state.connections) + len(self._arriving)
        self._rows.put(CONNECTIONS, connections if self._champions.loaded else math.inf)

    def _arrival(self) -> None:
        self._count()
        numbers = self._rows.column(CONNECTIONS)
        if numbers[self._rows.row] > min(numbers):
            self._pause(DEFER_SECONDS if self._champions.loaded else EMPTY_SECONDS)
        else:
            self._accept()

    def _pause(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._listener)
        loop.call_later(seconds, self._resume)

    def _resume(self) -> None:
        if not self.should_exit:
            asyncio.get_running_loop().add_reader(self._listener, self._arrival)
            self._accept()

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # another worker was quicker, or the client has gone
        except OSError as error:
            logger.error("No further connection can be opened: %s", error)
            self._pause(FULL_SECONDS)
            return
        self._begin(connection, self.config)

    def _admit(self) -> None:
        """Serves what other workers ask about jobs."""
        assert self._passage is not None
        assert self._jobs is not None
        for connection in handed_over(self._passage):
            self._begin(connection, self._jobs)

    def _begin(self, connection: socket.socket, config: uvicorn.Config) -> None:
        connection.setblocking(False)
        task = asyncio.get_running_loop().create_task(self._serve_connection(connection, config))
        self._arriving.add(task)
        self._count()
        task.add_done_callback(self._arrived)

    async def _serve_connection(self, connection: socket.socket, config: uvicorn.Config) -> None:
        loop = asyncio.get_running_loop()

        def protocol() -> LimitedProtocol:
            made = LimitedProtocol(config, self.server_state, self.lifespan.state, loop)
            made.observe, made.count_refusal = self._count, self._metrics.count_refusal
            made.stalled_seconds = self._stalled_seconds
            return made

        secure = config.ssl
        seconds = HEADER_SECONDS if secure else None
        try:
            await loop.connect_accepted_socket(
                protocol, connection, ssl=secure, ssl_handshake_timeout=seconds
            )
        except OSError:
            connection.close()  # the client has gone, or speaks no TLS

    def _arrived(self, task: asyncio.Task) -> None:
        self._arriving.discard(task)
        self._count()


def main() -> None:
    """Answers until SIGTERM; then running answers are finished and no further connection is taken."""
    die_with_parent(signal.SIGKILL)
    # uvicorn raises the signal that has ended it once more; the exit code is then that of a clean end.
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: None)
    settings = WorkerSettings.inherited()
    assert settings is not None, "only the supervisor starts workers"
    configure_logs(settings.options.log_format)
    # Imported after the settings of logging; it takes seconds.
    from fieldwright.serving import service

    config = uvicorn.Config(
        service.Fieldwright.to_asgi(),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        timeout_graceful_shutdown=int(STOP_SECONDS),
        ssl_certfile=settings.access.tls_cert or None,
        ssl_keyfile=settings.access.tls_key or None,
    )
    jobs = uvicorn.Config(
        service.endpoint.jobs_app(),
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
    )
    listener = socket.socket(fileno=settings.listener)
    # The first worker keeps the jobs; others have an end of the passage to it in their service.
    entrance = (socket.socket(fileno=settings.jobs), jobs) if settings.row == 0 else (None, None)
    Worker(
        config, listener, service.metrics, service.champions, settings.options.stalled_seconds, *entrance
    ).run()


if __name__ == "__main__":
    main()
