"""A small ITM service with faults on demand, so that `taskclient` meets them over real HTTP."""

import json
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

import pytest

DRIP_SECONDS = 0.05


@dataclass
class Service:
    """What the server knows; the next fault spoils a response, before or after the work is done."""

    address: str = ""
    faults: deque[str] = field(default_factory=deque)
    always: str = ""
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    keys: list[str | None] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)
    views: deque[dict[str, Any]] = field(default_factory=deque)
    over: threading.Event = field(default_factory=threading.Event)

    def take(self, key: str, body: dict[str, Any]) -> dict[str, str]:
        """Accept a job: the same key yields the same job, and a `unique` key in use makes it a duplicate."""
        if key in self.jobs:
            return {"STATUS": "OK", "JOBID": key}
        for other, job in self.jobs.items():
            if body.get("unique") and job.get("unique") == body["unique"]:
                return {
                    "STATUS": "ERROR",
                    "ERRORMESSAGE": "Job already in DB, not adding it!",
                    "JOBID": other,
                }
        self.jobs[key] = body
        return {"STATUS": "OK", "JOBID": key}


PAGES = {"500": 500, "502": 502, "200 page": 200, "404 page": 404}
PROBLEMS: dict[str, tuple[int, dict[str, str]]] = {
    "503": (503, {"detail": "The broker did not confirm."}),
    "401": (401, {"detail": "This token is not known."}),
    "404 route": (404, {"type": "urn:taskmanager:problem:not-found", "detail": "There is no such address."}),
    "422": (
        422,
        {"STATUS": "ERROR", "ERRORMESSAGE": "sourceDir: /etc lies outside\nof the allowed folders."},
    ),
    "error 200": (200, {"STATUS": "ERROR", "ERRORMESSAGE": "No such job type: XYZ. Known: JP2, SHELL."}),
}


class Handler(BaseHTTPRequestHandler):
    """Answers one request, or spoils it."""

    service: Service

    def log_message(self, *_: object) -> None:
        """Log nothing."""

    def do_POST(self) -> None:
        """A submission."""
        key = self.headers["Idempotency-Key"]
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.service.keys.append(key)
        self.service.tokens.append(self.headers["Authorization"])
        fault = self.service.faults.popleft() if self.service.faults else self.service.always
        if fault == "lost after":
            self.service.take(key, body)
        if not self.spoilt(fault):
            self.send(200, self.service.take(key, body))

    def do_GET(self) -> None:
        """A job in its current state: the next of the views; the last one is repeated."""
        fault = self.service.faults.popleft() if self.service.faults else ""
        if not self.spoilt(fault):
            views = self.service.views
            self.send(200, views.popleft() if len(views) > 1 else views[0])

    def spoilt(self, fault: str) -> bool:
        """Whether the fault replaced the response."""
        if fault in PROBLEMS:
            self.send(*PROBLEMS[fault])
        elif fault in PAGES:
            self.send(PAGES[fault], "<html>not a job</html>")
        elif fault.startswith("lost"):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif fault == "silent":
            self.service.over.wait()
        elif fault == "dripping":
            while not self.service.over.wait(DRIP_SECONDS):
                self.connection.sendall(b"H")
        return bool(fault)

    def send(self, status: int, content: dict[str, Any] | str) -> None:
        """Send one response."""
        data = (content if isinstance(content, str) else json.dumps(content)).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Server(ThreadingHTTPServer):
    """A server for which a client that gave up is not an error."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Report nothing."""


class StartService(Protocol):
    """Starts a service; with a TLS context it uses HTTPS."""

    def __call__(self, context: ssl.SSLContext | None = None) -> Service:
        """The running service."""


@pytest.fixture
def start_service() -> Iterator[StartService]:
    """Starts services, each on its own port."""
    started: list[tuple[Server, Service]] = []

    def start(context: ssl.SSLContext | None = None) -> Service:
        service = Service()
        server = Server(("127.0.0.1", 0), type("OwnHandler", (Handler,), {"service": service}))
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "http" if context is None else "https"
        service.address = f"{scheme}://127.0.0.1:{server.server_port}/itm/service"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
        started.append((server, service))
        return service

    yield start
    for server, service in started:
        service.over.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def service(start_service: StartService) -> Service:
    """One running service."""
    return start_service()
