"""Publishing with confirms, many outstanding at a time."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pika
import pika.exceptions
from pika.adapters.asyncio_connection import AsyncioConnection

from taskmanager.errors import (
    BrokerUnavailableError,
    TaskManagerError,
    UnconfirmedError,
    UnroutableMessageError,
)
from taskmanager.ports.broker import Outgoing, Publisher
from taskmanager.process.logs import get_logger
from taskmanager.rabbit.channel import AsyncChannel, open_channel
from taskmanager.rabbit.starvation_watch import IdleConsumer

PERSISTENT = 2
TRANSIENT = 1
REFUSED = timedelta(seconds=3)
"""An exchange that has refused everything for this long gets a new channel.

RabbitMQ 3.10 registers a channel with a queue that refuses when full; a channel that was opened while the
queue had no leader is refused for ever.
"""

log = get_logger(__name__)

Outcome = TaskManagerError | None
"""Why a message was not accepted; None: it was."""


class RabbitPublisher(Publisher):
    """Implements `taskmanager.ports.broker.Publisher` on one channel."""

    def __init__(self, confirm_timeout: timedelta) -> None:
        """`confirm_timeout` limits every publish."""
        self._timeout_seconds = confirm_timeout.total_seconds()
        self._channel: AsyncChannel | None = None
        self._next_tag = 1
        self._outstanding: OrderedDict[int, asyncio.Future[Outcome]] = OrderedDict()
        self._returned: set[str] = set()
        self._blocked = False
        self._silent_since: float | None = None
        self._user: str | None = None
        self._connection: AsyncioConnection | None = None
        self._exchanges: dict[int, str] = {}
        self._refused_since: dict[str, float] = {}
        """Exchange -> when it began to refuse everything, by the clock of the loop."""
        self._opening: asyncio.Task[None] | None = None

    @property
    def ready(self) -> bool:
        """Whether a publish can be expected to succeed."""
        return self.check() is None

    def check(self) -> str | None:
        """What keeps it from publishing."""
        if obstacle := self._obstacle():
            return obstacle
        if self._silent_since is None:
            return None
        seconds = asyncio.get_running_loop().time() - self._silent_since
        return f"RabbitMQ has confirmed nothing for {seconds:.0f} s"

    def _obstacle(self) -> str | None:
        """Why publishing cannot even be attempted."""
        if self._channel is None or not self._channel.is_open:
            return "not connected to RabbitMQ"
        return "RabbitMQ blocks publishers (memory or disk alarm)" if self._blocked else None

    async def look(self, connection: AsyncioConnection) -> None:
        """Check that the broker still answers while it confirms nothing; raises BrokerUnavailableError."""
        if self._silent_since is not None:
            (await open_channel(connection, lambda _: None)).close()

    def idle_consumer(self) -> IdleConsumer | None:
        """Return None: it consumes nothing."""
        return None

    async def open(self, connection: AsyncioConnection) -> None:
        """Open a channel in confirm mode."""
        self._blocked = False
        connection.add_on_connection_blocked_callback(lambda *_: self._set_blocked(blocked=True))
        connection.add_on_connection_unblocked_callback(lambda *_: self._set_blocked(blocked=False))
        self._connection = connection
        await self._open_channel(connection)

    async def _open_channel(self, connection: AsyncioConnection) -> None:
        channel = await open_channel(connection, lambda _: self._lost_channel(channel))
        channel.raw.add_on_return_callback(self._on_return)
        await channel.call("confirm_delivery", ack_nack_callback=self._on_confirm)
        self._next_tag = 1
        self._silent_since = None
        self._user = connection.params.credentials.username
        self._channel = channel

    def _lost_channel(self, channel: AsyncChannel) -> None:
        if channel is self._channel:
            self.lost()

    def _set_blocked(self, *, blocked: bool) -> None:
        self._blocked = blocked

    def lost(self) -> None:
        """Fail what was not confirmed: its outcome is unknown."""
        self._channel = None
        self._returned.clear()
        self._exchanges.clear()
        self._refused_since.clear()
        while self._outstanding:
            _, confirmed = self._outstanding.popitem()
            _settle(confirmed, BrokerUnavailableError("RabbitMQ was lost before it confirmed"))

    async def publish_all(
        self, exchange: str, messages: Sequence[Outgoing], *, persistent: bool = True, mandatory: bool = False
    ) -> list[Outcome]:
        """See `taskmanager.ports.broker.Publisher.publish_all`."""
        asked = asyncio.get_running_loop().time()
        waiting: dict[int, asyncio.Future[Outcome]] = {}
        try:
            for message in messages:
                tag, confirmed = self._begin(exchange, message, persistent=persistent, mandatory=mandatory)
                waiting[tag] = confirmed
            async with asyncio.timeout(self._timeout_seconds):
                for confirmed in waiting.values():
                    await confirmed
        except TimeoutError:
            self._silent_since = self._silent_since or asked
        except BrokerUnavailableError as error:
            unsent: list[Outcome] = [error] * (len(messages) - len(waiting))
            return [*map(self._outcome, waiting.values()), *unsent]
        finally:
            for tag in waiting:
                self._outstanding.pop(tag, None)
        return [self._outcome(confirmed) for confirmed in waiting.values()]

    def _begin(
        self, exchange: str, message: Outgoing, *, persistent: bool, mandatory: bool
    ) -> tuple[int, asyncio.Future[Outcome]]:
        """Publish; what becomes of the message with this tag is the result of the future."""
        problem = self._obstacle()
        if problem or self._channel is None:
            raise BrokerUnavailableError(problem)
        tag = self._next_tag
        self._next_tag += 1
        confirmed: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._outstanding[tag], self._exchanges[tag] = confirmed, exchange
        properties = pika.BasicProperties(
            content_type="application/json",
            delivery_mode=PERSISTENT if persistent else TRANSIENT,
            priority=message.priority,
            message_id=str(tag) if mandatory else None,
            user_id=self._user,
            timestamp=int(time.time()),
        )
        try:
            self._channel.raw.basic_publish(exchange, message.key, message.body, properties, mandatory)
        except pika.exceptions.AMQPError as error:
            self.lost()
            reason = "RabbitMQ was lost while publishing"
            raise BrokerUnavailableError(reason) from error
        return tag, confirmed

    def _outcome(self, confirmed: asyncio.Future[Outcome]) -> Outcome:
        if confirmed.done() and not confirmed.cancelled():
            return confirmed.result()
        return UnconfirmedError(f"RabbitMQ did not confirm within {self._timeout_seconds:g} s")

    def _on_return(self, _channel: Any, _method: Any, properties: Any, _body: bytes) -> None:
        self._returned.add(properties.message_id)

    def _on_confirm(self, frame: Any) -> None:
        self._silent_since = None
        method = frame.method
        refused = isinstance(method, pika.spec.Basic.Nack)
        for tag in self._settled(method.delivery_tag, multiple=method.multiple):
            self._note_refusal(self._exchanges.pop(tag, ""), refused=refused)
            confirmed = self._outstanding.pop(tag, None)
            if confirmed is None:
                continue
            if refused:
                _settle(confirmed, UnconfirmedError("RabbitMQ refused the message"))
            elif str(tag) in self._returned:
                self._returned.discard(str(tag))
                _settle(
                    confirmed,
                    UnroutableMessageError("no queue takes this message: is the topology declared?"),
                )
            else:
                _settle(confirmed, None)

    def _settled(self, tag: int, *, multiple: bool) -> list[int]:
        if not multiple:
            return [tag]
        return [known for known in self._exchanges if known <= tag]

    def _note_refusal(self, exchange: str, *, refused: bool) -> None:
        """Have a new channel opened if this one is refused repeatedly."""
        if not refused:
            self._refused_since.pop(exchange, None)
            return
        now = asyncio.get_running_loop().time()
        since = self._refused_since.setdefault(exchange, now)
        if now - since >= REFUSED.total_seconds() and (self._opening is None or self._opening.done()):
            self._opening = asyncio.create_task(self._anew(exchange))

    async def _anew(self, exchange: str) -> None:
        log.warning("channel_made_anew", exchange=exchange, reason="RabbitMQ refuses every message")
        connection, refusing = self._connection, self._channel
        self.lost()
        if refusing is not None:
            refusing.close()
        try:
            if connection is not None:
                await self._open_channel(connection)
        except BrokerUnavailableError as error:
            log.warning("channel_not_made", error=str(error))


def _settle(confirmed: asyncio.Future[Outcome], outcome: Outcome) -> None:
    if not confirmed.done():
        confirmed.set_result(outcome)
