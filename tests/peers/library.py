"""A small web server for files, with the faults of real ones: cut connections, waits, redirects."""

import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Answer:
    """What is answered instead of the file: a status with headers, or the file cut after some bytes."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_after: int | None = None


@dataclass
class Library:
    """The files of a server by path, the faults of each path in the order they happen, and all requests."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    faults: dict[str, list[Answer]] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    validators: bool = True

    def asked(self, path: str) -> list[dict[str, str]]:
        """The headers of all requests for a path."""
        return [headers for asked, headers in self.requests if asked == path]


def _handler(library: Library) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the base class
            pass

        def do_GET(self) -> None:
            library.requests.append((self.path, {key.lower(): value for key, value in self.headers.items()}))
            faults = library.faults.get(self.path, [])
            fault = faults.pop(0) if faults else Answer()
            body = library.files.get(self.path)
            if fault.status != 200 or body is None:
                self._send(fault.status if fault.status != 200 else 404, dict(fault.headers), b"")
                return
            tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            headers = {"ETag": tag} if library.validators else {}
            start = 0
            wanted = self.headers.get("Range", "")
            if wanted and self.headers.get("If-Range") == tag:
                start = int(wanted.removeprefix("bytes=").rstrip("-"))
                headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
            self._send(206 if start else 200, headers, body[start:], fault.cut_after)

        def _send(
            self, status: int, headers: Mapping[str, str], body: bytes, cut_after: int | None = None
        ) -> None:
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body if cut_after is None else body[:cut_after])
            if cut_after is not None:
                self.close_connection = True

    return Handler


@contextmanager
def serving(address: str = "127.0.0.1") -> Iterator[Library]:
    """A server on a free port of the loopback interface."""
    library = Library()
    with ThreadingHTTPServer((address, 0), _handler(library)) as server:
        server.daemon_threads = True
        library.url = f"http://{address}:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield library
        finally:
            server.shutdown()
            thread.join()
