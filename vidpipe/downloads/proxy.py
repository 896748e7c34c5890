"""A proxy on this machine for one other process: it reaches what the guard lets it, and no more.

What looks at pages is a large program of others, which makes requests in many places. So it
gets no network of its own but this: every host that it names is resolved here, looked at, and
connected to by the address that was looked at; its redirects and its media as well. It speaks
CONNECT and absolute addresses, one request for each connection, and wants a password that is
new each time, so that nobody else on this machine can use it.
"""

from __future__ import annotations

import base64
import contextlib
import hmac
import re
import secrets
import selectors
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from vidpipe.errors import Unavailable, VidpipeError
from vidpipe.outbound import AddressGuard, AddressRefused

_HEAD_BYTES = 1 << 16
_PIECE = 1 << 16
#: Connections at once; more wait to be accepted.
_AT_ONCE = 32
#: Of the connection between the two and to the proxy, not of the message (RFC 9110, 7.6.1).
_HOPS = frozenset(
    (
        *("connection", "keep-alive", "proxy-connection", "proxy-authorization"),
        *("proxy-authenticate", "expect", "te", "trailer", "transfer-encoding", "upgrade"),
    )
)
_OF_CONNECTIONS = (b"connection", b"keep-alive", b"proxy-connection")
_CONNECT = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^:\s]+):(\d{1,5})")


@dataclass
class ProxyWatch:
    """What went through a proxy.

    Attributes:
        url: of the proxy, with its password.
        most_bytes: that may come through it, all connections together.
        received: bytes that came.
        refused: why a host was not asked, the last time.
        full: whether more was to come than may.
    """

    url: str
    most_bytes: int
    received: int = 0
    refused: AddressRefused | None = None
    full: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, size: int) -> bool:
        """Count what came; whether more may."""
        with self._lock:
            self.received += size
            self.full = self.full or self.received > self.most_bytes
            return not self.full


class _Bad(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, words: str) -> None:
        self.status, self.words = status, words
        super().__init__(words)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(
        self, guard: AddressGuard, watch: ProxyWatch, silent_s: float, password: str
    ) -> None:
        self.guard, self.watch, self.silent_s = guard, watch, silent_s
        self.expected = b"Basic " + base64.b64encode(f"vidpipe:{password}".encode())
        self.room = threading.BoundedSemaphore(_AT_ONCE)
        self.closing = threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A line that broke is nobody's fault and nothing to be logged."""


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        with self.server.room:
            self.request.settimeout(self.server.silent_s)
            try:
                self._serve()
            except _Bad as error:
                self._answer(error.status, error.words)
            except AddressRefused as error:
                self.server.watch.refused = error
                self._answer(403, "Forbidden")
            except (VidpipeError, OSError):
                self._answer(502, "Bad Gateway")

    def _serve(self) -> None:
        line, headers, rest = self._head()
        parts = line.split(" ")
        if len(parts) != 3 or parts[2] not in ("HTTP/1.0", "HTTP/1.1"):
            raise _Bad(400, "Bad Request")
        given = next((v for n, v in headers if n.lower() == "proxy-authorization"), "")
        if not hmac.compare_digest(given.encode("latin-1"), self.server.expected):
            raise _Bad(407, "Proxy Authentication Required")
        method, target, _ = parts
        if method == "CONNECT":
            named = _CONNECT.fullmatch(target)
            if named is None:
                raise _Bad(400, "Bad Request")
            with self._connected(named[1], int(named[2])) as far:
                self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                if rest:
                    far.sendall(rest)
                self._both_ways(far)
            return
        self._forward(method, target, headers, rest)

    def _head(self) -> tuple[str, list[tuple[str, str]], bytes]:
        """The first line, the headers, and what came behind them."""
        held = b""
        until = time.monotonic() + self.server.silent_s
        while b"\r\n\r\n" not in held:
            if len(held) > _HEAD_BYTES or time.monotonic() > until:
                raise _Bad(431, "Request Header Fields Too Large")
            piece = self.request.recv(_PIECE)
            if not piece:
                raise _Bad(400, "Bad Request")
            held += piece
        head, _, rest = held.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = []
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon or not name or name != name.strip() or re.search(r"[\r\n\0]", line):
                raise _Bad(400, "Bad Request")
            headers.append((name, value.strip()))
        return first, headers, rest

    def _forward(
        self, method: str, target: str, headers: list[tuple[str, str]], rest: bytes
    ) -> None:
        """One request without TLS, and its answer; the connection ends behind it."""
        where = self.server.guard.target(target)
        if where.scheme != "http":
            raise _Bad(400, "Bad Request")
        path = "/" + target.split("://", 1)[1].partition("#")[0].partition("/")[2]
        named = {name.lower(): value for name, value in headers}
        length = named.get("content-length", "0")
        if "transfer-encoding" in named or not length.isdecimal():
            raise _Bad(411, "Length Required")
        host = f"[{where.host}]" if ":" in where.host else where.host
        sent = [f"{method} {path} HTTP/1.1"]
        sent += [f"Host: {host}" + (f":{where.port}" if where.port != 80 else "")]
        sent += [f"{n}: {v}" for n, v in headers if n.lower() not in (*_HOPS, "host")]
        sent += ["Connection: close", "", ""]
        with self._connected(where.host, where.port) as far:
            far.sendall("\r\n".join(sent).encode("latin-1"))
            left = int(length)
            piece = rest[:left]
            while left > 0:
                # Nothing of it need have come with the head.
                piece = piece or self.request.recv(min(_PIECE, left))
                if not piece:
                    raise _Bad(400, "Bad Request")
                far.sendall(piece)
                left -= len(piece)
                piece = b""
            self._one_way(far)

    @contextmanager
    def _connected(self, host: str, port: int) -> Iterator[socket.socket]:
        try:
            found = self.server.guard.addresses(host, port)
        except Unavailable as error:
            raise _Bad(502, "Bad Gateway") from error
        for number, address in enumerate(found):
            try:
                far = socket.create_connection((address, port), timeout=self.server.silent_s)
                break
            except OSError:
                if number == len(found) - 1:
                    raise
        with far:
            yield far

    def _one_way(self, far: socket.socket) -> None:
        """The answer, which says that no request more is taken behind it."""
        held = b""
        while b"\r\n\r\n" not in held:
            piece = far.recv(_PIECE)
            if not piece or len(held) > _HEAD_BYTES or not self.server.watch.count(len(piece)):
                raise _Bad(502, "Bad Gateway")
            held += piece
        head, _, rest = held.partition(b"\r\n\r\n")
        lines = [
            line
            for line in head.split(b"\r\n")
            if line.partition(b":")[0].strip().lower() not in _OF_CONNECTIONS
        ]
        self.request.sendall(b"\r\n".join([*lines, b"Connection: close", b"", rest]))
        while not self.server.closing.is_set():
            piece = far.recv(_PIECE)
            if not piece or not self.server.watch.count(len(piece)):
                return
            self.request.sendall(piece)

    def _both_ways(self, far: socket.socket) -> None:
        """Bytes both ways until one side ends, or neither says anything for too long."""
        near = self.request
        last = time.monotonic()
        with selectors.DefaultSelector() as selector:
            selector.register(near, selectors.EVENT_READ, far)
            selector.register(far, selectors.EVENT_READ, near)
            while not self.server.closing.is_set():
                ready = selector.select(timeout=1.0)
                if not ready and time.monotonic() - last > self.server.silent_s:
                    return
                for key, _ in ready:
                    source: socket.socket = key.fileobj  # type: ignore[assignment]
                    piece = source.recv(_PIECE)
                    if not piece:
                        return
                    if source is far and not self.server.watch.count(len(piece)):
                        return
                    key.data.sendall(piece)
                    last = time.monotonic()

    def _answer(self, status: int, words: str) -> None:
        more = 'Proxy-Authenticate: Basic realm="vidpipe"\r\n' if status == 407 else ""
        head = f"HTTP/1.1 {status} {words}\r\n{more}Content-Length: 0\r\nConnection: close\r\n\r\n"
        with contextlib.suppress(OSError):
            self.request.sendall(head.encode())


@contextmanager
def guarding_proxy(
    guard: AddressGuard, *, silent_s: float, most_bytes: int
) -> Iterator[ProxyWatch]:
    """A proxy of this process, as long as the context lasts.

    Args:
        guard: what may be reached through it.
        silent_s: after which a connection that says nothing is ended.
        most_bytes: that may come through it; then everything ends.
    """
    password = secrets.token_urlsafe(32)
    watch = ProxyWatch("", most_bytes)
    with _Server(guard, watch, silent_s, password) as server:
        watch.url = f"http://vidpipe:{password}@127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
        thread.start()
        try:
            yield watch
        finally:
            server.closing.set()
            server.shutdown()
            thread.join()
