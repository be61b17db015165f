"""Requests to a gateway; every failure becomes a CommandError."""

import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from taskmanager_cli.errors import UnreachableError, UsageError
from taskmanager_cli.http.problems import problem_of
from taskmanager_cli.settings.connection import Connection

API = "/api/v1"
JSON_TYPES = ("application/json", "application/problem+json")


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful response: its status, its JSON, and its headers."""

    status: int
    data: Any
    headers: Mapping[str, str]


class Client:
    """One gateway, as the connection names it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        headers = {"User-Agent": "taskmanager-cli", "Accept": "application/json"}
        if connection.token:
            headers["Authorization"] = f"Bearer {connection.token}"
        if connection.actor:
            headers["Taskmanager-Actor"] = connection.actor
        with self._failures():
            self._client = httpx.Client(
                base_url=connection.address,
                headers=_headers(headers),
                timeout=connection.timeout,
                verify=_trusted(connection),
            )

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request below the API's path; raises CommandError for everything but 2xx with JSON."""
        given = dict(headers or {})
        content = None
        if body is not None:  # in ASCII: texts that are not Unicode arrive as well, and are refused in words
            content, given["Content-Type"] = json.dumps(body, allow_nan=False).encode(), "application/json"
        with self._failures():
            response = self._client.request(
                method, f"{API}{path}", params=query, content=content, headers=_headers(given)
            )
        data = _document(response)
        if not response.is_success:
            raise problem_of(response.status_code, response.headers, data)
        if data is None:
            raise UnreachableError(
                f"What answers at {self._connection.address} is not a TaskManager: check the address."
            )
        return Answer(response.status_code, data, response.headers)

    @contextmanager
    def stream(
        self, path: str, *, query: Mapping[str, Any] | None = None, headers: Mapping[str, str]
    ) -> Iterator[httpx.Response]:
        """An open response to GET, to be read bit by bit; waits for each bit as long as it takes.

        Raises CommandError if it is refused, UnreachableError if it breaks off.
        """
        patient = httpx.Timeout(self._connection.timeout, read=None)
        with (
            self._failures(),
            self._client.stream(
                "GET", f"{API}{path}", params=query, headers=_headers(headers), timeout=patient
            ) as response,
        ):
            if not response.is_success:
                response.read()
                raise problem_of(response.status_code, response.headers, _document(response))
            yield response

    @contextmanager
    def _failures(self) -> Iterator[None]:
        address = self._connection.address
        try:
            yield
        except httpx.TimeoutException as error:
            raise UnreachableError(
                f"The gateway at {address} did not answer in time: it may or may not have done it; look, "
                "then try again."
            ) from error
        except httpx.TransportError as error:
            raise UnreachableError(
                f"The gateway at {address} cannot be reached ({error}): check the address."
            ) from error
        except httpx.InvalidURL as error:
            raise UsageError(f"{address} cannot be used as an address: {error}.") from error


def _trusted(connection: Connection) -> ssl.SSLContext | bool:
    if connection.address.startswith("http:"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody, and reads no certificates
    if connection.ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=connection.ca_file)
    except OSError as error:
        raise UsageError(f"{connection.ca_file} has no certificates that can be used: {error}.") from error


def _headers(texts: Mapping[str, str]) -> dict[bytes, bytes]:
    """Headers in UTF-8, which httpx leaves to its caller; raises UsageError for what no header can hold."""
    for name, text in texts.items():
        if not text.isprintable():
            raise UsageError(f"{name} must be printable characters, not {text!r}.")
    return {name.encode(): text.strip().encode() for name, text in texts.items()}


def _document(response: httpx.Response) -> Any:
    if response.headers.get("content-type", "").partition(";")[0] not in JSON_TYPES:
        return None
    try:
        return response.json()
    except ValueError:
        return None
