"""A private queue that was lost with its node is replaced by its owner; one in use never is."""

from typing import Any, cast

import pytest

from taskmanager.errors import BrokerUnavailableError
from taskmanager.messages.topology import Topology
from taskmanager.rabbit.channel import AsyncChannel, QueueLockedError, QueueMissingError, UnansweredError
from taskmanager.rabbit.declare import declare_private

QUEUE = Topology().runner_control("noop", "r1")


class Answer:
    def __init__(self) -> None:
        self.method = self
        self.message_count = 0


class Cluster:
    """A channel that behaves as RabbitMQ was seen to when the node of a queue was lost."""

    def __init__(self, failure: BrokerUnavailableError | None, release: tuple[int, int] = (4, 3)) -> None:
        self.failure, self.release = failure, release
        self.calls: list[tuple[str, Any]] = []

    async def another(self) -> "Cluster":
        return self

    async def call(self, method: str, **arguments: Any) -> Answer:
        self.calls.append((method, arguments.get("durable")))
        if method == "queue_delete":
            self.failure = None
        elif self.failure is not None:
            raise self.failure
        return Answer()

    def close(self) -> None:
        pass


async def declared(cluster: Cluster) -> None:
    await declare_private(cast("AsyncChannel", cluster), QUEUE)


@pytest.mark.parametrize("failure", [UnansweredError("no answer"), QueueMissingError("home node is down")])
async def test_a_private_queue_whose_node_is_lost_is_made_anew(failure: BrokerUnavailableError) -> None:
    cluster = Cluster(failure)
    await declared(cluster)
    assert cluster.calls == [("queue_declare", True), ("queue_delete", None), ("queue_declare", True)]


async def test_a_private_queue_that_another_connection_has_stays() -> None:
    cluster = Cluster(QueueLockedError("in exclusive use"))
    with pytest.raises(QueueLockedError):
        await declared(cluster)
    assert cluster.calls == [("queue_declare", True)]


@pytest.mark.parametrize(("release", "durable"), [((3, 10), False), ((4, 0), False), ((4, 3), True)])
async def test_a_private_queue_is_transient_where_the_broker_itself_drops_it_with_its_node(
    release: tuple[int, int], durable: bool
) -> None:
    cluster = Cluster(None, release)
    await declared(cluster)
    assert cluster.calls == [("queue_declare", durable)]
