"""How BentoML hosts the endpoint: its process model and health checks, around a request path of our own."""

from __future__ import annotations

from typing import Any

import bentoml
from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from fieldwright.serving.failures import http_failure


class LeanService(bentoml.Service):
    """A BentoML service without what costs more per request than a small prediction does.

    Left out are its middlewares: tracing, a task and a timer of 60 s for each request (the timers pile up under
    load), the context that only BentoML's own handlers use, and metrics that keep a label for every path that
    was ever asked for, in files that end the process when the disk is full. Those of the mounted application stand
    in for them, and its routes come first in BentoML's own router, in place of a router behind its last route.
    """

    def to_asgi(self, is_main: bool = True) -> Any:
        app: Any = super().to_asgi(is_main)
        mounted = [mount for mount, *_ in self.mount_apps if isinstance(mount, Starlette)]
        app.user_middleware = [middleware for mount in mounted for middleware in mount.user_middleware]
        app.add_exception_handler(HTTPException, http_failure)
        app.router.routes[:0] = [route for mount in mounted for route in mount.routes]
        return app
