"""How BentoML hosts the endpoint: its process model and health checks, around a request path of our own."""

from __future__ import annotations

from typing import Any

import bentoml
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from fieldwright.serving.failures import http_failure
from fieldwright.serving.metrics import RequestMetrics


class LeanService(bentoml.Service):
    """A BentoML service without what costs more per request than a small prediction does.

    Left out are middlewares: tracing, a task and a timer of 60 s for each request (the timers pile up under
    load), the context that only BentoML's own handlers use, and metrics that keep a label for every path that
    was ever asked for. The limits of body and answer, and RequestMetrics, stand in for them. The routes of
    mounted applications come first in BentoML's own router, in place of a router behind its last route.
    """

    def to_asgi(self, is_main: bool = True) -> Any:
        app: Any = super().to_asgi(is_main)
        app.user_middleware = [Middleware(RequestMetrics)]
        app.add_exception_handler(HTTPException, http_failure)
        mounted = [
            route for mount, *_ in self.mount_apps if isinstance(mount, Starlette) for route in mount.routes
        ]
        app.router.routes[:0] = mounted
        return app
