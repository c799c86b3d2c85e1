"""Servers on loopback that follow a script, down to single bytes."""

from __future__ import annotations

import ctypes
import select
import socket
import ssl
import struct
import threading
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import trustme

    Script = Callable[["Conversation"], None]

_SO_ATTACH_FILTER = 26  # of Linux
_PATIENCE = 30.0  # seconds; no conversation of a test lasts so long


class Conversation:
    """One connection, as the server sees it."""

    def __init__(self, server: Server, connection: socket.socket, number: int) -> None:
        self.server = server
        self.number = number  # of this connection, from 0
        self.connection = connection
        self._waiting = b""

    def read_request(self) -> bytes:
        """Read one request without a body; empty when the other side has ended the connection."""
        while b"\r\n\r\n" not in self._waiting:
            received = self.connection.recv(65536)
            if not received:
                return b""
            self._waiting += received
        request, _, self._waiting = self._waiting.partition(b"\r\n\r\n")
        self.server.requests.append(request)
        return request

    def rest(self) -> bytes:
        """Return the bytes that came after the request."""
        return self._waiting

    def write(self, data: bytes) -> None:
        self.connection.sendall(data)

    def drip(self, data: Iterable[bytes]) -> None:
        """Write the pieces slowly."""
        for piece in data:
            self.write(piece)
            if self.wait(0.02):
                return

    def flood(self, data: bytes) -> None:
        """Write the same bytes until the other side ends the connection."""
        while not self.server.is_closing.is_set():
            self.write(data)

    def wait(self, seconds: float = _PATIENCE) -> bool:
        """Wait for the server to be closed; return whether it was."""
        return self.server.is_closing.wait(seconds)

    def join(self, other: socket.socket) -> None:
        """Forward bytes in both directions."""
        ways = {self.connection: other, other: self.connection}
        while all(_pass_on(source, ways[source]) for source in _readable(ways)):
            pass

    def reset(self) -> None:
        """Reset the connection."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def vanish(self) -> None:
        """Drop every packet without an acknowledgement, like a NAT that has dropped the connection."""
        drop_all = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))  # BPF: return 0
        program = struct.pack("HP", 1, ctypes.addressof(drop_all))
        self.connection.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)


class Server:
    """A listening socket that runs the script for each connection, in a thread of its own."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self._script = script
        self._tls = tls
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._ends = ExitStack()
        self._threads: list[threading.Thread] = []
        self.port: int = self._socket.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.requests: list[bytes] = []
        self.connections = 0
        self.is_closing = threading.Event()

    def __enter__(self) -> Self:
        self.start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening, and close every connection."""
        self.is_closing.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._threads[0].join(_PATIENCE)
        self._ends.close()
        for thread in self._threads:
            thread.join(_PATIENCE)

    def start(self, work: Callable[[], None]) -> threading.Thread:
        """Start a thread that ends with the server."""
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                connection.settimeout(_PATIENCE)
                self._ends.callback(_end, connection)
                number, self.connections = self.connections, self.connections + 1
                self.start(lambda taken=connection, number=number: self._talk(taken, number))  # type: ignore[misc]

    def _talk(self, connection: socket.socket, number: int) -> None:
        with suppress(OSError), connection:
            if self._tls is None:
                self._script(Conversation(self, connection, number))
                return
            with self._tls.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            ) as protected:
                if _shake_hands(protected):
                    self._script(Conversation(self, protected, number))


def _shake_hands(protected: ssl.SSLSocket) -> bool:
    """Do the handshake; after a failure wait for the other side to close: a reset would drop the alert."""
    try:
        protected.do_handshake()
    except ssl.SSLError:
        while socket.socket.recv(protected, 65536):
            pass
        return False
    return True


def _readable(connections: Iterable[socket.socket]) -> list[socket.socket]:
    """Wait for something to read; decrypted bytes no longer show at the socket."""
    every = list(connections)
    waiting = [each for each in every if isinstance(each, ssl.SSLSocket) and each.pending()]
    return [*waiting] or select.select(every, (), (), _PATIENCE)[0]


def _pass_on(source: socket.socket, sink: socket.socket) -> bool:
    """Forward what is there to read, and return whether more may come.

    Both ways share a thread: OpenSSL allows one at a time in a connection, and of two at once one is told
    now and then that the connection has ended.
    """
    source.settimeout(0.0)
    try:
        data = source.recv(65536)
    except (BlockingIOError, ssl.SSLWantReadError):
        return True  # no more than a part of a record
    finally:
        source.settimeout(_PATIENCE)
    sink.sendall(data)
    return bool(data)


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


# --- scripts -----------------------------------------------------------------------------------


def response(body: bytes = b"{}", status: str = "200 OK", **headers: str) -> bytes:
    """Return a whole answer; `content_type="x"` becomes the header `Content-Type: x`."""
    said = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    said |= {name.replace("_", "-").title(): value for name, value in headers.items()}
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in said.items())]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def chunked(*chunks: bytes) -> bytes:
    """Return an answer in chunks, with its last chunk."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))


def always(answer: bytes) -> Script:
    """Answer every request the same way, and keep the connections."""

    def script(talk: Conversation) -> None:
        while talk.read_request():
            talk.write(answer)

    return script


def once(answer: bytes) -> Script:
    """Answer the first request of each connection, then close it."""

    def script(talk: Conversation) -> None:
        talk.read_request()
        talk.write(answer)

    return script


def dripping(start: bytes, drops: bytes) -> Script:
    """Answer without end, and so slowly that every read returns soon with little."""

    def script(talk: Conversation) -> None:
        talk.read_request()
        talk.write(start)
        talk.drip(drops[index % len(drops) :][:1] for index in range(10**6))

    return script


def silent(talk: Conversation) -> None:
    """Read the request, and never answer."""
    talk.read_request()
    talk.wait()


def deaf(talk: Conversation) -> None:
    """Never read."""
    talk.wait()


def flooding(start: bytes, data: bytes) -> Script:
    """Answer without end, as fast as it is read."""

    def script(talk: Conversation) -> None:
        talk.read_request()
        talk.write(start)
        talk.flood(data)

    return script


def server_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """Return the context of a server with a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context
