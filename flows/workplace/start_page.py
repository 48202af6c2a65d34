"""The page at which a user of the workplace begins."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from fieldwright.flows.workplace.overview import Overview

NO_SCRIPTS = "default-src 'none'; style-src 'unsafe-inline'"


class StartPage:
    """Serves `/` for people and `/state.json` for programs, on loopback, from a thread."""

    def __init__(self, port: int, overview: Callable[[], Overview]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                forms = {
                    "/": ("text/html; charset=utf-8", overview().html),
                    "/state.json": ("application/json", overview().json),
                }
                form = forms.get(self.path.partition("?")[0])
                if form is None:
                    self.send_error(404)
                    return
                body = form[1]().encode()
                self.send_response(200)
                self.send_header("Content-Type", form[0])
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Content-Security-Policy", NO_SCRIPTS)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: the page asks for itself every few seconds."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

        self._server = Server(("127.0.0.1", port), Handler)
        threading.Thread(target=self._server.serve_forever, name="start page", daemon=True).start()

    def close(self) -> None:
        """Ends it."""
        self._server.shutdown()
        self._server.server_close()
