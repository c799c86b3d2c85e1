"""A business's webhook on loopback, which answers as it is told and keeps what it got."""

from __future__ import annotations

import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import ssl


class Webhook:
    """Listens from `with` to its end; `status` may change meanwhile, None never answers."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.status: int | None = 200
        self.got: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self.released = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _answering(self))
        self._server.daemon_threads = True
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        scheme = "http" if context is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_address[1]}/callbacks?from=client"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def next(self) -> dict[str, Any]:
        """Wait for the next callback."""
        return self.got.get(timeout=30)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _answering(webhook: Webhook) -> type[BaseHTTPRequestHandler]:
    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status = webhook.status
            webhook.got.put({"path": self.path, **document})
            if status is None:
                webhook.released.wait()
                return
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Answering
