"""Every plugin and every message has exactly one partition, always the same."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskmanager.messages.topology import Topology
from taskmanager.model.partitions import HOME, MOST_PARTITIONS, WHOLE, Partition, partition_of

PLUGINS = st.from_regex(r"[a-z0-9-]{1,40}", fullmatch=True)
NUMBERS = st.integers(1, MOST_PARTITIONS)


def matches(pattern: str, key: str) -> bool:
    """Whether a topic exchange routes the key by this pattern."""
    expression = re.escape(pattern).replace(r"\*", "[^.]*").replace(r"\#", ".*")
    return re.fullmatch(expression, key) is not None


def inboxes_of(topology: Topology, exchange: str, key: str) -> set[str]:
    """The inboxes that get a message with this key."""
    names = {queue.name for queue in topology.inboxes}
    return {
        one.destination
        for one in topology.bindings
        if one.exchange == exchange and one.destination in names and matches(one.key, key)
    }


@pytest.mark.parametrize(
    ("plugin", "partitions"), [("jp2", [0, 0, 2, 2]), ("shell", [0, 1, 1, 5]), ("noop", [0, 1, 1, 5])]
)
def test_the_partition_of_a_plugin_is_the_same_for_ever(plugin: str, partitions: list[int]) -> None:
    """Services of different releases would otherwise disagree."""
    assert [partition_of(plugin, number) for number in (1, 2, 4, 8)] == partitions


@given(PLUGINS, NUMBERS)
def test_a_plugin_belongs_to_exactly_one_partition(plugin: str, count: int) -> None:
    holders = [number for number in range(count) if Partition(number, count).holds(plugin)]
    assert holders == [Topology(partitions=count).partition_of(plugin)]


def test_what_belongs_to_no_plugin_belongs_to_the_home() -> None:
    assert [Partition(number, 3).holds(None) for number in range(3)] == [True, False, False]
    assert WHOLE.holds(None)
    assert WHOLE.holds("jp2")


def test_one_partition_has_the_names_and_bindings_there_always_were() -> None:
    topology = Topology()
    assert [queue.name for queue in topology.queues] == ["tm.scheduler", "tm.dead"]
    assert [(one.exchange, one.key) for one in topology.bindings if one.destination == "tm.scheduler"] == [
        ("tm.submit", "#"),
        ("tm.events", "#"),
    ]
    assert topology.former_bindings == ()
    keys = (topology.submissions_key, topology.command_key, topology.tick_key, topology.events_key("jp2"))
    assert keys == ("gateway.submissions", "gateway.command", "scheduler.tick", "jp2.events")


@given(PLUGINS, NUMBERS)
def test_every_message_comes_to_the_inbox_of_its_partition_alone(plugin: str, count: int) -> None:
    topology = Topology(partitions=count)
    number = topology.partition_of(plugin)
    inbox = {topology.inbox_of(number).name}

    assert inboxes_of(topology, topology.submit, topology.submissions_key_of(number)) == inbox
    for key in (
        topology.events_key(plugin),
        topology.command_key_of(number),
        topology.tick_key_of(number),
    ):
        assert inboxes_of(topology, topology.events, key) == inbox


@given(PLUGINS, NUMBERS)
def test_a_submission_of_an_earlier_release_comes_to_the_home(plugin: str, count: int) -> None:
    topology = Topology(partitions=count)
    assert inboxes_of(topology, topology.submit, plugin) == {topology.inbox_of(HOME).name}


def test_what_the_only_inbox_was_bound_to_is_unbound_when_there_are_several() -> None:
    divided = Topology(partitions=2)
    assert set(divided.former_bindings) == {
        one for one in Topology().bindings if one.destination == divided.inbox.name
    }
    assert not set(divided.former_bindings) & set(divided.bindings)
