"""The requests of webhooks, Matrix and Teams: TLS, time limits, and no address that is not allowed.

Redirects are never followed, proxies of the environment never used: a message goes where its channel says.
"""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from taskmanager.channels.kinds import HttpChannel
from taskmanager.errors import TemporaryError
from taskmanager.process.public_addresses import is_public
from taskmanager_scheduler.notifications.dialects import HttpRequest

ANSWER_BYTES = 1_000
"""How much of an answer is read, to say why a message was not accepted."""
DONE = range(200, 300)

logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log every request


class NotSentError(TemporaryError):
    """It is not known to have been accepted; the text says why, without secrets."""


async def send(channel: HttpChannel, request: HttpRequest) -> str:
    """The answer in short; raises NotSentError."""
    host = urlsplit(request.url).hostname or ""
    try:
        async with asyncio.timeout(channel.timeout_seconds), _client(channel) as client:
            return await _answer(client, request, _guard(channel, host))
    except TimeoutError as error:
        raise NotSentError(f"{host}: no answer within {channel.timeout_seconds:g} s") from error
    except httpx.HTTPError as error:
        raise NotSentError(f"{host}: {_cause(error)}") from error
    except (OSError, ValueError, httpx.InvalidURL) as error:
        raise NotSentError(f"{host}: {type(error).__name__}") from error


def _client(channel: HttpChannel) -> httpx.AsyncClient:
    verify = ssl.create_default_context(cafile=channel.ca_file)
    return httpx.AsyncClient(
        verify=verify,
        timeout=channel.timeout_seconds,
        follow_redirects=False,
        trust_env=False,
        headers={"User-Agent": "goobi-taskmanager"},
    )


async def _answer(client: httpx.AsyncClient, request: HttpRequest, guard: "Guard") -> str:
    async with client.stream(
        request.method,
        request.url,
        headers=dict(request.headers),
        content=request.body,
        extensions={"trace": guard},
    ) as response:
        said = bytearray()
        async for part in response.aiter_bytes():
            said += part
            if len(said) >= ANSWER_BYTES:
                break
    words = " ".join(bytes(said[:ANSWER_BYTES]).decode(errors="replace").split())
    if response.status_code not in DONE:
        raise NotSentError(f"answered {response.status_code} {words}".strip())
    return f"answered {response.status_code}"


Guard = Callable[[str, Mapping[str, Any]], Awaitable[None]]


def _guard(channel: HttpChannel, host: str) -> Guard:
    """Called by httpcore at each step: it refuses a connection to an address that is not public.

    The address is that of the connection itself, before a byte is sent over it: a name can have another one
    a moment after it was looked up.
    """

    async def look(event: str, info: Mapping[str, Any]) -> None:
        if channel.private_addresses or event != "connection.connect_tcp.complete":
            return
        stream = info["return_value"]
        address = stream.get_extra_info("server_addr")[0]
        if not is_public(address):
            await stream.aclose()
            raise NotSentError(f"{host} has the private address {address}: see private_addresses")

    return look


def _cause(error: BaseException) -> str:
    """The system's own words behind the library's, in one line."""
    seen: BaseException | None = error
    words = str(error) or type(error).__name__
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted: {seen.verify_message} (see ca_file)"
        seen = seen.__cause__ or seen.__context__
    return words
