"""A fake Goobi on real sockets, in its own thread: can be stopped and started again on the same port."""

import contextlib
import errno
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import uvicorn

from taskmanager_testing.goobi.app import FakeGoobi
from taskmanager_testing.goobi.faults import TransportProtocol
from taskmanager_testing.waiting import eventually

LOOPBACK = "127.0.0.1"
LOOPBACK_IPV6 = "::1"
END_SECONDS = 10.0


class RunningGoobi:
    """Serves a `FakeGoobi` on the loopback addresses; the state is kept while the server is down."""

    def __init__(
        self, goobi: FakeGoobi, port: int = 0, *, certificate: Path | None = None, key: Path | None = None
    ) -> None:
        """`port` 0 lets the system choose; with a certificate and its key it speaks only TLS."""
        self.goobi, self.port = goobi, port
        self._certificate, self._key = certificate, key
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self.ipv6 = False
        """Whether it can also be reached at `::1`."""

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"{'https' if self._certificate else 'http'}://{LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Listen and answer; the port is the same each time."""
        sockets = self._listening()
        server = self._server = uvicorn.Server(self._config())
        self._thread = threading.Thread(target=server.run, args=(sockets,), name="fake-goobi", daemon=True)
        self._thread.start()
        eventually(lambda: server.started, what="the fake Goobi's start")

    def stop(self) -> None:
        """Refuse new connections and cut existing ones; repeatable."""
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(END_SECONDS)
        self._server = self._thread = None

    def _config(self) -> uvicorn.Config:
        return uvicorn.Config(
            self.goobi.app(),
            http=TransportProtocol,
            log_config=None,
            lifespan="off",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=None,
            ssl_certfile=self._certificate,
            ssl_keyfile=self._key,
            proxy_headers=False,
        )

    def _bound(self) -> list[socket.socket]:
        """One that listens, or none while a client's connection happens to use that port at its own end."""
        try:
            return [socket.create_server((LOOPBACK, self.port))]
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return []

    def _listening(self) -> list[socket.socket]:
        (first,) = eventually(self._bound, what=f"port {self.port} to be free")
        self.port = int(first.getsockname()[1])
        second = _ipv6_at(self.port)
        self.ipv6 = bool(second)
        return [first, *second]


def _ipv6_at(port: int) -> list[socket.socket]:
    """A socket at `::1`, or none on a machine without IPv6 (or where the port is already used there)."""
    try:
        return [socket.create_server((LOOPBACK_IPV6, port), family=socket.AF_INET6)]
    except OSError:
        return []


@contextlib.contextmanager
def running_goobi(goobi: FakeGoobi | None = None, port: int = 0) -> Iterator[RunningGoobi]:
    """A fake Goobi for the length of a `with` block; by default with one book."""
    server = RunningGoobi(goobi or FakeGoobi.with_books(), port)
    server.start()
    try:
        yield server
    finally:
        server.stop()
