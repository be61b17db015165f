"""Submissions that come while a confirm is outstanding share the next message."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from taskmanager.errors import BrokerUnavailableError, TaskManagerError
from taskmanager.messages import Submissions, Submit
from taskmanager.messages.topology import Topology
from taskmanager.model.jobs import JobSpec
from taskmanager.ports.broker import Delivery
from taskmanager_gateway.change_feed import Feed
from taskmanager_gateway.commands.pending import PendingCommands
from taskmanager_gateway.jobs.recent import Recent
from taskmanager_gateway.live.digests import Digests
from taskmanager_gateway.live.hub import Hub, Watchers
from taskmanager_gateway.live.running_jobs import RunningJobs
from taskmanager_gateway.plugins.catalogue import PluginCatalogue
from taskmanager_gateway.submissions import outbox as module
from taskmanager_gateway.submissions.outbox import SubmissionOutbox
from taskmanager_testing.publisher import FakePublisher, Published
from taskmanager_testing.reader import FakeReader
from taskmanager_testing.waiting import eventually_async

NOW = datetime(2027, 1, 1, tzinfo=UTC)


def submit(number: int, more: str = "") -> bytes:
    spec = JobSpec(plugin="noop", title=more)
    return Submit(job=str(number), client="c", submitted_at=NOW, spec=spec).encode()


class Sender:
    """An outbox whose broker confirms when the test wants, and what the gateway then knows of the jobs."""

    def __init__(self) -> None:
        self.publisher = FakePublisher()
        self.known = Recent(10)
        catalogue, pending = PluginCatalogue(FakeReader()), PendingCommands()
        self.feed = Feed(
            self.known, Watchers(), Hub(1), Digests(), catalogue, pending, running=RunningJobs(FakeReader())
        )
        self.outbox = SubmissionOutbox(self.publisher, Topology(), self.feed)
        self.publisher.confirms.clear()

    def send(self, number: int, more: str = "") -> "asyncio.Task[None]":
        return asyncio.create_task(self.outbox.send(submit(number, more), "noop"))

    def messages(self) -> list[list[str]]:
        """The jobs of each message."""
        read = [Submissions.model_validate_json(message.body) for message in self.publisher.messages]
        return [[one.job for one in message.submissions] for message in read]

    def comes_back(self, message: Published) -> None:
        """As one of the messages that all gateways receive."""
        body = bytes(bytearray(message.body))
        self.feed.on_delivery(Delivery(body, message.key, tag=1, generation=1))

    async def published(self, count: int) -> None:
        async def look() -> bool:
            return len(self.publisher.messages) >= count

        await eventually_async(look)


@pytest.fixture
def sender() -> Sender:
    return Sender()


async def test_a_lone_one_waits_for_nobody_and_what_comes_meanwhile_goes_together(sender: Sender) -> None:
    first = sender.send(1)
    await sender.published(1)
    others = [sender.send(number) for number in (2, 3, 4)]
    await asyncio.sleep(0)
    assert sender.messages() == [["1"]]

    sender.publisher.confirms.set()
    await asyncio.gather(first, *others)

    assert sender.messages() == [["1"], ["2", "3", "4"]]


async def test_a_message_holds_so_many_and_so_much(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MESSAGE_SUBMISSIONS", 3)
    monkeypatch.setattr(module, "MESSAGE_BYTES", 500)
    sender.publisher.confirms.set()

    await asyncio.gather(*(sender.send(number, "x" * (450 if number == 3 else 1)) for number in range(6)))

    assert sender.messages() == [["0", "1", "2"], ["3"], ["4", "5"]]


async def test_all_of_a_message_that_was_not_confirmed_hear_of_it_and_the_next_are_sent(
    sender: Sender,
) -> None:
    sender.publisher.available = False
    lost = [sender.send(number) for number in (1, 2)]
    for one in lost:
        with pytest.raises(BrokerUnavailableError):
            await one

    sender.publisher.available = True
    sender.publisher.confirms.set()
    await sender.send(3)

    assert sender.messages() == [["3"]]


async def test_an_unexpected_error_reaches_every_submitter(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise ValueError("a defect")

    monkeypatch.setattr(sender.publisher, "publish", broken)

    results = await asyncio.gather(sender.send(1), sender.send(2), return_exceptions=True)

    assert [str(one) for one in results] == ["a defect"] * 2
    assert not any(isinstance(one, TaskManagerError) for one in results)


async def test_whoever_gives_up_before_it_is_published_takes_it_back(sender: Sender) -> None:
    first = sender.send(1)
    await sender.published(1)
    given_up, kept = sender.send(2), sender.send(3)
    await asyncio.sleep(0)

    given_up.cancel()
    sender.publisher.confirms.set()
    await asyncio.gather(first, kept)

    assert sender.messages() == [["1"], ["3"]]
    assert given_up.cancelled()


async def test_what_comes_back_is_not_read_again(sender: Sender) -> None:
    sent = sender.send(1)
    await sender.published(1)
    (message,) = sender.publisher.messages
    sender.comes_back(message)
    sender.publisher.confirms.set()
    await sent

    assert not sender.known.knows("1"), "its submitter makes it known"
    sender.comes_back(message)
    assert sender.known.knows("1"), "sent again by another gateway, it is read"


@pytest.mark.parametrize("first_back", [True, False])
async def test_what_a_submitter_was_not_told_of_is_read(sender: Sender, *, first_back: bool) -> None:
    given_up, told = sender.send(1), sender.send(2)
    await sender.published(1)
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    (message,) = sender.publisher.messages
    if first_back:
        sender.comes_back(message)
    sender.publisher.confirms.set()
    await told
    if not first_back:
        sender.comes_back(message)

    assert sender.known.knows("1")


async def test_a_confirm_that_does_not_come_in_time_is_an_error_and_the_next_are_sent(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PUBLISH_TIME", timedelta(milliseconds=20))
    late = [sender.send(number) for number in (1, 2)]
    for one in late:
        with pytest.raises(BrokerUnavailableError, match="in time"):
            await one

    monkeypatch.setattr(module, "PUBLISH_TIME", timedelta(seconds=10))
    sender.publisher.confirms.set()
    await sender.send(3)

    assert sender.messages() == [["1", "2"], ["3"]]
