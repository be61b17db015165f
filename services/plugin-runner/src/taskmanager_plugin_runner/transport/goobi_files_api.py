"""Goobi's files API (`/process/{id}/files/{folder}`): lists, reads, uploads and removes files of one folder.

Knows HTTP and its errors; knows nothing of jobs or of what makes a delivery complete. Redirects are never
followed, and secrets are read from their files for each request.
"""

import base64
import hashlib
import io
import logging
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import IO, Self, TypeVar
from urllib.parse import quote

import httpx

from taskmanager.errors import JobFailedError, PermanentError, TemporaryError
from taskmanager.goobi.installations import Dialect, Installation
from taskmanager.goobi.secrets import SecretFile
from taskmanager.model.reasons.job_texts import goobi_texts
from taskmanager.process.retry import again
from taskmanager_plugin_runner.system.filesystems import require_space

FILE_LIMIT = timedelta(hours=1)
"""For one file. A server that sends a byte now and then would stay within every other limit."""
TEXT_LIMIT_BYTES = 16 * 1024 * 1024
BINARY = "application/octet-stream"
T = TypeVar("T")

logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log every request


class GoobiAwayError(TemporaryError):
    """Goobi gave no answer, or one that is not its own; the request may have been carried out."""


class NotInGoobiError(PermanentError):
    """There is no such process, folder or file."""


class FilesApi:
    """One folder of one process. Every call is idempotent and repeated a few times while Goobi is away."""

    def __init__(
        self, installation: Installation, process: int, folder: str, http: httpx.BaseTransport | None = None
    ) -> None:
        """`http` replaces the network in tests. Raises JobFailedError for unsuitable settings."""
        if installation.jwt is not None or installation.dialect is Dialect.WEBAPI:
            raise JobFailedError(goobi_texts.API_NEEDS())
        self._installation = installation
        self.where = goobi_texts.FOLDER(folder=repr(folder), process=process)
        self._url = f"{installation.base}/api/process/{process}/files/{quote(folder, safe='')}"
        limits = httpx.Timeout(installation.timeout_seconds, connect=installation.connect_timeout_seconds)
        self._client = httpx.Client(
            transport=http or _network(installation), timeout=limits, follow_redirects=False, trust_env=False
        )

    def __enter__(self) -> Self:
        """Connects on first use."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        self._client.close()

    def names(self) -> list[str]:
        """The names of the files in the folder."""

        def ask() -> list[str]:
            with self._answer("GET") as response:
                return self._names(response)

        return again("goobi_files", ask, GoobiAwayError)

    def fetch(self, name: str, target: Path) -> int:
        """Write a file to `target`; returns its size. Raises OSError, and JobFailedError for a full disk."""

        def ask() -> int:
            with target.open("wb") as file:
                self._read(name, file, lambda size: require_space(target.parent, size))
                return file.tell()

        return again("goobi_files", ask, GoobiAwayError)

    def digest(self, name: str) -> str | None:
        """SHA-256 of a file as hexadecimal digits, None if it does not exist."""

        def ask() -> str:
            digest = _Digest()
            self._read(name, digest)
            return digest.hash.hexdigest()

        return self._if_there(ask)

    def read(self, name: str) -> bytes | None:
        """The content of a small file, None if it does not exist."""

        def ask() -> bytes:
            content = io.BytesIO()
            self._read(name, content, _require_small)
            return content.getvalue()

        return self._if_there(ask)

    def upload(self, name: str, opened: Callable[[], IO[bytes]]) -> None:
        """Upload a file under a name, replacing an existing one."""

        def ask() -> None:
            with opened() as file, self._answer("POST", upload=(name, file, BINARY)):
                pass

        again("goobi_files", ask, GoobiAwayError)

    def delete(self, name: str) -> None:
        """Remove a file; it need not exist."""

        def ask() -> None:
            with self._answer("DELETE", name):
                pass

        self._if_there(ask)

    def _if_there(self, ask: Callable[[], T]) -> T | None:
        try:
            return again("goobi_files", ask, GoobiAwayError)
        except NotInGoobiError:
            return None

    def _names(self, response: httpx.Response) -> list[str]:
        try:
            raw = _json(response)
        except ValueError as error:
            raise GoobiAwayError(goobi_texts.LIST_NO_JSON(folder=self.where)) from error
        if not isinstance(raw, list) or not all(isinstance(name, str) for name in raw):
            raise JobFailedError(goobi_texts.LIST_NO_NAMES(folder=self.where))
        wrong = [name for name in raw if name in {"", ".", ".."} or "/" in name or "\0" in name]
        if wrong:
            raise JobFailedError(goobi_texts.LIST_BAD_NAME(name=repr(wrong[0]), folder=self.where))
        return raw

    def _read(
        self, name: str, file: "IO[bytes] | _Digest", allow: Callable[[int], None] | None = None
    ) -> None:
        ends, got = monotonic() + FILE_LIMIT.total_seconds(), 0
        with self._answer("GET", name) as response:
            size = response.headers.get("content-length")
            if allow is not None:
                allow(int(size or 0))
            for chunk in response.iter_bytes():
                got += len(chunk)
                file.write(chunk)
                if monotonic() > ends:
                    raise JobFailedError(
                        goobi_texts.FILE_TOO_SLOW(name=name, folder=self.where, limit=FILE_LIMIT)
                    )
        if size is not None and int(size) != got:
            raise GoobiAwayError(goobi_texts.FILE_CUT(name=name, folder=self.where, got=got, size=size))

    @contextmanager
    def _answer(
        self, method: str, name: str = "", upload: tuple[str, IO[bytes], str] | None = None
    ) -> Iterator[httpx.Response]:
        url = f"{self._url}/{quote(name, safe='')}" if name else self._url
        headers = {"User-Agent": "goobi-taskmanager", "Accept-Encoding": "identity", **self._proof()}
        files = None if upload is None else {"file": upload}
        try:
            with self._client.stream(method, url, headers=headers, files=files) as response:
                self._judge(response, name)
                yield response
        except httpx.HTTPError as error:
            text = goobi_texts.BROKE_OFF(host=httpx.URL(url).host, error=error or type(error).__name__)
            raise GoobiAwayError(text) from error

    def _proof(self) -> dict[str, str]:
        if self._installation.token_file is not None:
            return {"token": SecretFile(self._installation.token_file).read()}
        if self._installation.api_token_file is not None:
            secret = SecretFile(self._installation.api_token_file).read()
            return {"Authorization": f"Basic {base64.b64encode(secret.encode()).decode()}"}
        return {}

    def _judge(self, response: httpx.Response, name: str) -> None:
        """Raise unless the answer about a file, or about the folder if `name` is empty, is a success."""
        what = goobi_texts.FILE_IN(name=name, folder=self.where) if name else self.where
        status = response.status_code
        if status == HTTPStatus.NOT_FOUND:
            raise NotInGoobiError(goobi_texts.UNKNOWN(what=what))
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise JobFailedError(goobi_texts.REFUSED(what=what, status=status))
        if status == HTTPStatus.INSUFFICIENT_STORAGE:
            raise JobFailedError(goobi_texts.NO_SPACE(what=what))
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
            raise GoobiAwayError(goobi_texts.FAILED(status=status, what=what))
        if not response.is_success:
            raise JobFailedError(
                goobi_texts.ANSWERED(status=status, method=response.request.method, what=what)
            )
        if _is_page(response) and not name.lower().endswith((".html", ".htm")):
            raise GoobiAwayError(goobi_texts.PAGE_INSTEAD(what=what))


class _Digest:
    """A file that is only hashed."""

    def __init__(self) -> None:
        self.hash = hashlib.sha256()

    def write(self, chunk: bytes) -> None:
        self.hash.update(chunk)


def _is_page(response: httpx.Response) -> bool:
    return bool(response.headers.get("content-type", "").lower().startswith("text/html"))


def _json(response: httpx.Response) -> object:
    """The decoded body, of limited size; raises ValueError."""
    _require_small(int(response.headers.get("content-length", 0)))
    response.read()
    answer: object = response.json()
    return answer


def _require_small(size: int) -> None:
    if size > TEXT_LIMIT_BYTES:
        raise JobFailedError(goobi_texts.TOO_LARGE(size=size))


def _network(installation: Installation) -> httpx.HTTPTransport:
    context = ssl.create_default_context(cafile=installation.ca_file)
    if not installation.verify_tls:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    source = "0.0.0.0" if installation.by_ipv4 else None  # noqa: S104 - where a connection comes from
    return httpx.HTTPTransport(verify=context, local_address=source)
