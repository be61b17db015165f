"""Publishes submissions to their inboxes, those that come while a confirm is outstanding together.

A lone submission waits for nobody. Many at a time share one message and its confirm, which costs the broker,
the scheduler and this process little more than one.
"""

import asyncio
from collections import deque

from taskmanager.errors import BrokerUnavailableError
from taskmanager.messages import Submissions
from taskmanager.messages.topology import Topology
from taskmanager.ports.broker import Publisher
from taskmanager_gateway.change_feed import Feed
from taskmanager_gateway.http.deadlines import PUBLISH_TIME

MESSAGE_SUBMISSIONS = 200
MESSAGE_BYTES = 128 * 1024
"""No further submission joins a message of this size; a broker accepts messages of at most 16 MB."""

Waiting = tuple[bytes, asyncio.Future[None]]


class SubmissionOutbox:
    """Sends the submissions of each partition in the order in which they come."""

    def __init__(self, publisher: Publisher, topology: Topology, feed: Feed) -> None:
        """Nothing is kept: what is not confirmed is its submitter's to repeat.

        `feed` gets what is published here, too, and need not read what all submitters have been told of.
        """
        self._topology = topology
        keys = (topology.submissions_key_of(number) for number in range(topology.partitions))
        self._lanes = [_Lane(publisher, topology.submit, key, feed) for key in keys]

    async def send(self, encoded: bytes, plugin: str) -> None:
        """Return once the broker has accepted this encoded `Submit`, or several joined as in `Submissions`.

        Raises as `Publisher.publish` does; BrokerUnavailableError also if that takes longer than
        `PUBLISH_TIME`. A caller that gives up before the submission was published takes it back.
        """
        await self._lanes[self._topology.partition_of(plugin)].send(encoded)


class _Lane:
    """The submissions of one partition."""

    def __init__(self, publisher: Publisher, exchange: str, key: str, feed: Feed) -> None:
        self._publisher, self._exchange, self._key, self._feed = publisher, exchange, key, feed
        self._waiting: deque[Waiting] = deque()
        self._sending: asyncio.Task[None] | None = None

    async def send(self, encoded: bytes) -> None:
        loop = asyncio.get_running_loop()
        sent: asyncio.Future[None] = loop.create_future()
        self._waiting.append((encoded, sent))
        if self._sending is None:
            self._sending = loop.create_task(self._send_all(), name="submissions")
        # a timer of its own: `asyncio.timeout` around each submission took a tenth of the time of a batch
        giving_up = loop.call_later(PUBLISH_TIME.total_seconds(), _give_up, sent)
        try:
            await sent
        finally:
            giving_up.cancel()

    async def _send_all(self) -> None:
        try:
            while message := self._next_message():
                await self._send(message)
        finally:
            self._sending = None

    async def _send(self, message: list[Waiting]) -> None:
        body = Submissions.joined(encoded for encoded, _ in message)
        ours = self._feed.sent_here
        ours.sending(body)
        all_told = False
        try:
            await self._publisher.publish(self._exchange, self._key, body, persistent=True, mandatory=True)
        except Exception as error:  # noqa: BLE001 - all its submitters raise it
            for _, sent in message:
                _settle(sent, error)
        else:
            told = [_settle(sent, None) for _, sent in message]
            all_told = all(told)
        finally:
            if all_told:
                ours.confirmed(body)
            elif ours.unconfirmed(body):  # the broker has what a submitter was not told of
                self._feed.take(body)

    def _next_message(self) -> list[Waiting]:
        message: list[Waiting] = []
        size = 0
        while self._waiting and len(message) < MESSAGE_SUBMISSIONS and size < MESSAGE_BYTES:
            encoded, sent = self._waiting.popleft()
            if not sent.done():
                message.append((encoded, sent))
                size += len(encoded)
        return message


def _give_up(sent: asyncio.Future[None]) -> None:
    _settle(sent, BrokerUnavailableError("no confirm in time"))


def _settle(sent: asyncio.Future[None], error: Exception | None) -> bool:
    """Tell the submitter, unless it has given up; whether it was told."""
    if sent.done():
        return False
    if error is None:
        sent.set_result(None)
    else:
        sent.set_exception(error)
        sent.exception()  # retrieved: a submitter that is cancelled just now must not cause a warning
    return True
