"""HTTP to one Goobi installation: connections, TLS, timeouts, and errors in plain words.

Knows no dialect. Redirects are never followed: a token must not go where an answer points.
"""

import asyncio
import logging
import socket
import ssl
from urllib.parse import urlsplit

import httpx

from taskmanager.errors import TemporaryError
from taskmanager.goobi.installations import Installation
from taskmanager_scheduler.goobi.access import Access
from taskmanager_scheduler.goobi.calls import Answer, GoobiCall

TEXT_LIMIT_BYTES = 4 * 1024 * 1024
"""The largest answer is a process's journal, which is read back; nothing longer is expected."""
ANY_IPV4 = "0.0.0.0"  # noqa: S104 - where a connection comes from, not where anybody listens

logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log every request


class UnreachableError(TemporaryError):
    """There was no answer; whether the task was done is unknown. The text gives the reason in plain words."""


class GoobiTransport:
    """One pool of connections to one installation."""

    def __init__(self, installation: Installation, access: Access) -> None:
        """Connects on first use; raises OSError if the CA file cannot be read."""
        self._installation, self._access = installation, access
        self._seconds = installation.connect_timeout_seconds + installation.timeout_seconds
        source = ANY_IPV4 if installation.by_ipv4 else None
        limits = httpx.Limits(
            max_connections=installation.concurrency, max_keepalive_connections=installation.concurrency
        )
        verify = _verification(installation)
        self._client = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(verify=verify, local_address=source, limits=limits),
            timeout=httpx.Timeout(
                installation.timeout_seconds, connect=installation.connect_timeout_seconds, pool=self._seconds
            ),
            follow_redirects=False,
            trust_env=False,
            headers={"User-Agent": "goobi-taskmanager"},
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def send(self, call: GoobiCall) -> Answer:
        """Send the request; returns any answer. Raises UnreachableError and SecretUnreadableError."""
        url, headers = self._addressed(call)
        request = self._client.build_request(
            call.method, url, headers=headers, data=call.form, content=call.content
        )
        try:
            async with asyncio.timeout(self._seconds):
                return await self._answer(request)
        except TimeoutError as error:
            raise UnreachableError(f"no answer within {self._seconds:g} s") from error
        except httpx.HTTPError as error:
            raise UnreachableError(in_words(error, url)) from error

    async def _answer(self, request: httpx.Request) -> Answer:
        response = await self._client.send(request, stream=True)
        try:
            text = await _bounded_text(response)
        finally:
            await response.aclose()
        location = self._access.hide(response.headers.get("location", ""))
        return Answer(response.status_code, self._access.hide(text), location)

    def _addressed(self, call: GoobiCall) -> tuple[str, dict[str, str]]:
        """Add secrets only for the installation itself, never for another address given by a job."""
        if call.path.startswith("/"):
            path = call.path.removeprefix("/api")
            url = f"{self._installation.base}{call.path}"
        else:
            url = call.path
            if not _same_origin(url, self._installation.base):
                return url, dict(call.headers)
            root = urlsplit(f"{self._installation.base}/api").path
            path = urlsplit(url).path.removeprefix(root)
        return url, {**call.headers, **self._access.headers(call.method, path)}


def _verification(installation: Installation) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=installation.ca_file)
    if not installation.verify_tls:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


async def _bounded_text(response: httpx.Response) -> str:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > TEXT_LIMIT_BYTES:
            break
    return bytes(body[:TEXT_LIMIT_BYTES]).decode(errors="replace")


def _same_origin(url: str, other: str) -> bool:
    one, two = httpx.URL(url), httpx.URL(other)
    return (one.scheme, one.host, one.port) == (two.scheme, two.host, two.port)


def in_words(error: httpx.HTTPError, url: str) -> str:
    """Why there was no answer, for someone checking the settings; without the path of the address."""
    host, cause = httpx.URL(url).host, _cause(error)
    match cause:
        case ssl.SSLCertVerificationError():
            return f"TLS: the certificate of {host} is not trusted: {cause.verify_message} (see ca_file)"
        case ssl.SSLError():
            return f"TLS with {host} failed: {cause.reason or cause}"
        case socket.gaierror():
            return f"the name {host!r} cannot be resolved: {cause.strerror}"
    words: dict[type[Exception], str] = {
        httpx.ConnectTimeout: "does not take the connection in time: wrong address, or a firewall?",
        httpx.ConnectError: f"refuses the connection: {cause}",
        httpx.ReadTimeout: "did not answer in time",
        httpx.WriteTimeout: "did not take the request in time",
    }
    return f"{host} {words.get(type(error), f'broke off: {cause or type(error).__name__}')}"


def _cause(error: BaseException) -> BaseException:
    """The system error behind the library's own."""
    seen = error
    while (inner := seen.__cause__ or seen.__context__) is not None:
        seen = inner
        if isinstance(seen, ssl.SSLError | socket.gaierror):
            return seen
    return seen
