"""pika's callbacks as awaitables.

Opens connections, and channels whose calls fail when the channel does.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import pika
import pika.exceptions
from pika.adapters.asyncio_connection import AsyncioConnection
from pika.channel import Channel

from taskmanager.errors import BrokerUnavailableError, PermanentError, TaskManagerError
from taskmanager.rabbit.gathering_connection import GatheringConnection

T = TypeVar("T")

HEARTBEAT_SECONDS = 10
"""A dead peer is noticed within half a minute; the URL may set another `heartbeat`."""
CONNECT_SECONDS = 5
CALL_SECONDS = 10
"""For every answer of the broker except confirms: only an unhealthy broker is slower."""
TCP_OPTIONS = {"TCP_USER_TIMEOUT": 20_000, "TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
"""Data not acknowledged within 20 s (here in milliseconds) ends the connection; so does silence."""
AUTHORITY = "cacertfile"
NOT_FOUND = 404
RESOURCE_LOCKED = 405
IN_USE = "in exclusive use"
"""RabbitMQ's text (3.10 to 4.3), with the code 403, for a queue that has an exclusive consumer."""
PRECONDITION_FAILED = 406
FOREVER_WRONG = frozenset({403, 530, PRECONDITION_FAILED})
"""Reply codes that no retry can fix: access refused, not allowed, precondition failed."""


def parameters(url: str, name: str) -> pika.URLParameters:
    """Connection parameters; `name` is shown in RabbitMQ's list of connections.

    With `amqps`, the broker's certificate and host name are always verified: by the authority that
    `cacertfile` names (RabbitMQ's documentation: "URI Query Parameters"), otherwise by those the system
    trusts. Raises PermanentError if that file cannot be used.
    """
    url, authority = _without_authority(url)
    made = pika.URLParameters(url)
    if authority is not None:
        made.ssl_options = _verifying(authority, url)
    if "heartbeat" not in parse_qs(urlsplit(url).query):
        made.heartbeat = HEARTBEAT_SECONDS
    made.tcp_options = TCP_OPTIONS
    # an alarm may last: meanwhile publishers fail at once, and a new connection would not know about it
    made.blocked_connection_timeout = None
    made.socket_timeout = CONNECT_SECONDS
    made.stack_timeout = CONNECT_SECONDS
    made.client_properties = {"connection_name": name}
    return made


def _without_authority(url: str) -> tuple[str, str | None]:
    """The URL as pika accepts it, and the file of the authority."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    authority = query.pop(AUTHORITY, None)
    return urlunsplit(parts._replace(query=urlencode(query, doseq=True))), authority[0] if authority else None


def _verifying(authority: str, url: str) -> pika.SSLOptions:
    if urlsplit(url).scheme != "amqps":
        raise PermanentError(f"AMQP_URL: {AUTHORITY} is for amqps only")
    try:
        return pika.SSLOptions(ssl.create_default_context(cafile=authority))
    except OSError as error:
        message = f"AMQP_URL: {AUTHORITY}={authority} cannot be used: {error}"
        raise PermanentError(message) from error


async def open_connection(
    url: str, name: str, on_closed: Callable[[BaseException], None]
) -> AsyncioConnection:
    """An open connection; raises BrokerUnavailableError.

    Raises PermanentError if the broker refuses the credentials.
    """
    opened: asyncio.Future[AsyncioConnection] = asyncio.get_running_loop().create_future()

    def failed(_: Any, error: BaseException | str) -> None:
        if not opened.done():
            opened.set_exception(connection_error(error))

    def closed(_: Any, error: BaseException) -> None:
        failed(_, error)
        on_closed(error)

    GatheringConnection(
        parameters(url, name),
        on_open_callback=_resolving(opened),
        on_open_error_callback=failed,
        on_close_callback=closed,
    )
    return await opened


def _resolving(future: "asyncio.Future[T]") -> Callable[[T], None]:
    def resolve(value: T) -> None:
        if not future.done():
            future.set_result(value)

    return resolve


def connection_error(error: BaseException | str) -> TaskManagerError:
    """The project's error for a failure in pika: temporary if a retry may help."""
    kinds = (pika.exceptions.ProbableAuthenticationError, pika.exceptions.ProbableAccessDeniedError)
    text = _reason(error)
    if isinstance(error, kinds) or any(isinstance(part, kinds) for part in _causes(error)):
        return PermanentError(f"RabbitMQ refuses these credentials or this virtual host: {text}")
    return BrokerUnavailableError(f"RabbitMQ: {text}")


def _causes(error: BaseException | str) -> tuple[object, ...]:
    return tuple(getattr(error, "args", ())) + tuple(getattr(error, "exceptions", ()))


def _reason(error: BaseException | str) -> str:
    if isinstance(error, str):
        return error
    inner = [part for part in _causes(error) if isinstance(part, BaseException)]
    return _reason(inner[-1]) if inner else f"{type(error).__name__}: {error}"


class QueueMissingError(BrokerUnavailableError):
    """There is no such queue."""


class QueueLockedError(BrokerUnavailableError):
    """The queue is exclusive to another consumer."""


class UnansweredError(BrokerUnavailableError):
    """RabbitMQ did not answer a call in time."""


class OtherArgumentsError(PermanentError):
    """The queue exists, but with other arguments."""


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A message that was fetched and not acknowledged; `headers` as RabbitMQ wrote them."""

    headers: Mapping[str, Any]
    body: bytes = b""
    key: str = ""
    user: str | None = None
    tag: int = 0


class AsyncChannel:
    """One channel. Every pending call fails with BrokerUnavailableError when the channel closes."""

    def __init__(self, channel: Channel, on_closed: Callable[[BaseException], None]) -> None:
        """Use `open_channel` instead."""
        self.raw = channel
        self._pending: set[asyncio.Future[Any]] = set()
        self._on_closed = on_closed
        channel.add_on_close_callback(self._closed)

    @property
    def is_open(self) -> bool:
        """Whether the channel can be used."""
        return bool(self.raw.is_open)

    async def call(self, method: str, **arguments: Any) -> Any:
        """Call a channel method that takes a `callback` and wait for its answer.

        Raises BrokerUnavailableError, QueueMissingError or PermanentError.
        """
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        return await self._answered(answer, method, callback=_resolving(answer), **arguments)

    def send(self, method: str, **arguments: Any) -> None:
        """Call a method of the channel without an answer; raises BrokerUnavailableError if it is closed."""
        try:
            getattr(self.raw, method)(**arguments)
        except pika.exceptions.AMQPError as error:
            message = f"RabbitMQ: the channel is closed ({error})"
            raise BrokerUnavailableError(message) from error

    async def _answered(self, answer: "asyncio.Future[T]", method: str, **arguments: Any) -> T:
        self._pending.add(answer)
        answer.add_done_callback(self._pending.discard)
        self.send(method, **arguments)
        return await _in_time(answer, method)

    async def waiting_in(self, queue: str) -> int:
        """How many messages wait in a queue, which must exist; raises as `call` does."""
        answer = await self.call("queue_declare", queue=queue, passive=True)
        return int(answer.method.message_count)

    @property
    def release(self) -> tuple[int, ...]:
        """The first two numbers of RabbitMQ's version."""
        version = str(self.raw.connection.server_properties["version"])
        return tuple(int(part) for part in version.split(".")[:2])

    async def another(self) -> "AsyncChannel":
        """Another channel of the connection, for calls that may close it; raises BrokerUnavailableError."""
        return await open_channel(self.raw.connection, lambda _: None)

    async def get(self, queue: str) -> ReceivedMessage | None:
        """The next message, which returns to its place when the channel is closed; None if there is none.

        Raises as `call` does.
        """
        answer: asyncio.Future[ReceivedMessage | None] = asyncio.get_running_loop().create_future()
        found, nothing = _resolving(answer), [pika.spec.Basic.GetEmpty]
        self.raw.add_callback(lambda _: found(None), nothing, one_shot=True)
        return await self._answered(
            answer,
            "basic_get",
            queue=queue,
            callback=lambda _channel, method, properties, body: found(
                ReceivedMessage(
                    properties.headers or {},
                    body,
                    method.routing_key,
                    properties.user_id,
                    method.delivery_tag,
                )
            ),
        )

    def ack(self, message: ReceivedMessage) -> None:
        """Acknowledge a fetched message, which removes it; raises BrokerUnavailableError."""
        self.send("basic_ack", delivery_tag=message.tag)

    def give_back_all(self, last: ReceivedMessage) -> None:
        """Return this one and all fetched before it to their places; raises BrokerUnavailableError."""
        self.send("basic_nack", delivery_tag=last.tag, multiple=True, requeue=True)

    def close(self) -> None:
        """Close the channel; closing a closed one does nothing."""
        if self.raw.is_open:
            self.raw.close()

    def _closed(self, _: Channel, reason: BaseException) -> None:
        kind = _kind(getattr(reason, "reply_code", None), str(reason))
        for answer in list(self._pending):
            if not answer.done():
                answer.set_exception(kind(f"RabbitMQ closed the channel: {reason}"))
        self._on_closed(reason)


def _kind(code: int | None, text: str) -> type[TaskManagerError]:
    if code == NOT_FOUND:
        return QueueMissingError
    if code == RESOURCE_LOCKED or IN_USE in text:
        return QueueLockedError
    if code == PRECONDITION_FAILED:
        return OtherArgumentsError
    return PermanentError if code in FOREVER_WRONG else BrokerUnavailableError


async def _in_time(answer: "asyncio.Future[T]", what: str) -> T:
    try:
        async with asyncio.timeout(CALL_SECONDS):
            return await answer
    except TimeoutError as error:
        message = f"RabbitMQ did not answer {what} within {CALL_SECONDS} s"
        raise UnansweredError(message) from error


async def open_channel(
    connection: AsyncioConnection, on_closed: Callable[[BaseException], None]
) -> AsyncChannel:
    """A new channel of an open connection; raises BrokerUnavailableError."""
    opened: asyncio.Future[Channel] = asyncio.get_running_loop().create_future()

    def closed(_: Channel, error: BaseException) -> None:
        if not opened.done():
            opened.set_exception(connection_error(error))

    try:
        channel = connection.channel(on_open_callback=_resolving(opened))
    except pika.exceptions.AMQPError as error:
        raise connection_error(error) from error
    channel.add_on_close_callback(closed)  # also when the connection ends
    return AsyncChannel(await _in_time(opened, "channel.open"), on_closed)
