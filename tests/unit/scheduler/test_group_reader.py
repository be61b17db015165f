"""How messages of the inbox come together in groups."""

from datetime import UTC, datetime

import pytest
from tests.unit.scheduler.reading import reader

from taskmanager.messages import Submissions, Submit, Tick
from taskmanager.messages.topology import Topology
from taskmanager.model.jobs import JobSpec
from taskmanager.ports.broker import Delivery
from taskmanager_scheduler.inbox import group_reader

TOPOLOGY = Topology()
NOW = datetime(2027, 1, 1, tzinfo=UTC)


def submissions(jobs: int) -> bytes:
    return Submissions.joined(
        Submit(job=str(one), client="c", submitted_at=NOW, spec=JobSpec(plugin="noop")).encode()
        for one in range(jobs)
    )


def delivery(name: str) -> Delivery:
    return Delivery(body=Tick(scheduler=name).encode(), key=TOPOLOGY.tick_key, tag=1, generation=1)


async def sizes(limit: int, names: list[str]) -> list[int]:
    made = reader(limit)
    for name in names:
        made.deliver(delivery(name))
    found: list[int] = []
    while sum(found) < len(names):
        found.append(len(await made.next_group()))
    return found


async def test_a_group_holds_as_many_messages_as_it_may() -> None:
    assert await sizes(3, ["s"] * 7) == [3, 3, 1]


async def test_a_message_counts_as_many_as_the_jobs_it_submits() -> None:
    made = reader(4)
    for tag, jobs in enumerate([3, 3, 1, 9, 1]):
        made.deliver(Delivery(submissions(jobs), TOPOLOGY.submissions_key, tag, generation=1))

    found = [[delivery.tag for delivery, _ in await made.next_group()] for _ in range(3)]

    assert found == [[0, 1], [2, 3], [4]]


async def test_a_backlog_is_read_only_when_its_turn_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    made, read = reader(2), []
    readable = made._readable

    def seen(one: Delivery) -> object:
        read.append(one.tag)
        return readable(one)

    monkeypatch.setattr(made, "_readable", seen)
    for tag in range(5):
        made.deliver(Delivery(submissions(1), TOPOLOGY.submissions_key, tag, generation=1))
    assert read == [0, 1]

    found = [[delivery.tag for delivery, _ in await made.next_group()] for _ in range(3)]

    assert found == [[0, 1], [2, 3], [4]]
    assert read == [0, 1, 2, 3, 4]


async def test_long_messages_make_smaller_groups_of_one_at_least(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_reader, "GROUP_BYTES", 1_000)

    assert await sizes(10, ["s", "s", "x" * 900, "s", "y" * 5_000, "s"]) == [2, 2, 1, 1]
