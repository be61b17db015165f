"""A plugin's queue whose node died is made anew after a bounded time, and no healthy one ever is."""

import asyncio
from typing import Any, cast

import pytest

from taskmanager.errors import BrokerUnavailableError
from taskmanager.messages.topology import Topology
from taskmanager.rabbit import declare as module
from taskmanager.rabbit.channel import AsyncChannel, QueueMissingError
from taskmanager.rabbit.declare import PluginQueues


class Answer:
    def __init__(self, ready: int) -> None:
        self.method = self
        self.message_count = ready


class Cluster:
    """Broker and channel in one: as RabbitMQ was seen to behave when the node of a queue had died."""

    def __init__(self, failure: BrokerUnavailableError | None) -> None:
        self.failure = failure
        self.calls: list[str] = []

    async def channel(self) -> AsyncChannel:
        return cast("AsyncChannel", self)

    async def call(self, method: str, **_: Any) -> Answer:
        self.calls.append(method)
        if method == "queue_delete":
            self.failure = None
        if method == "queue_declare" and self.failure is not None:
            raise self.failure
        return Answer(7 if self.failure is None else 0)

    def close(self) -> None:
        pass


SILENCE = BrokerUnavailableError("RabbitMQ did not answer queue_declare within 10 s")


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.time = 100.0
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: self.time)


async def test_a_queue_that_is_not_answered_is_made_anew_after_a_bounded_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cluster, clock = Cluster(SILENCE), Clock(monkeypatch)
    queues = PluginQueues(cluster, Topology())
    with pytest.raises(BrokerUnavailableError):
        await queues.waiting("jp2")
    clock.time += module.UNANSWERED.total_seconds() - 1
    with pytest.raises(BrokerUnavailableError):
        await queues.waiting("jp2")
    assert "queue_delete" not in cluster.calls
    clock.time += 1

    assert await queues.waiting("jp2") == 7
    assert cluster.calls.count("queue_delete") == 1
    assert await queues.waiting("jp2") == 7
    assert cluster.calls.count("queue_delete") == 1


async def test_a_queue_that_is_said_to_be_down_is_made_anew_at_once() -> None:
    cluster = Cluster(QueueMissingError("home node of the queue is down"))
    assert await PluginQueues(cluster, Topology()).waiting("jp2") == 7
    assert "queue_delete" in cluster.calls


async def test_a_queue_that_answers_again_in_time_keeps_its_tickets(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster, clock = Cluster(SILENCE), Clock(monkeypatch)
    queues = PluginQueues(cluster, Topology())
    for _ in range(3):
        cluster.failure = SILENCE
        with pytest.raises(BrokerUnavailableError):
            await queues.waiting("jp2")
        clock.time += module.UNANSWERED.total_seconds() - 1
        cluster.failure = None
        assert await queues.waiting("jp2") == 7
    assert "queue_delete" not in cluster.calls
