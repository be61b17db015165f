"""How messages of the inbox come together in groups."""

import pytest

from taskmanager.messages import Tick
from taskmanager.messages.topology import Topology
from taskmanager.ports.broker import Delivery
from taskmanager_scheduler.inbox import group_reader
from taskmanager_scheduler.inbox.group_reader import GroupReader
from taskmanager_scheduler.inbox.senders import Senders

TOPOLOGY = Topology()


def delivery(name: str) -> Delivery:
    return Delivery(body=Tick(scheduler=name).encode(), key=TOPOLOGY.tick_key, tag=1, generation=1)


async def sizes(limit: int, names: list[str]) -> list[int]:
    made = GroupReader(limit, Senders(TOPOLOGY))
    for name in names:
        made.deliver(delivery(name))
    found: list[int] = []
    while sum(found) < len(names):
        found.append(len(await made.next_group()))
    return found


async def test_a_group_holds_as_many_messages_as_it_may() -> None:
    assert await sizes(3, ["s"] * 7) == [3, 3, 1]


async def test_long_messages_make_smaller_groups_of_one_at_least(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_reader, "GROUP_BYTES", 1_000)

    assert await sizes(10, ["s", "s", "x" * 900, "s", "y" * 5_000, "s"]) == [2, 2, 1, 1]
