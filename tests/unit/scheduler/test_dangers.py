"""Which policies are wrong for which queue."""

from typing import Any

import pytest

from taskmanager.messages.topology import Queue, Topology
from taskmanager_scheduler.broker.dangers import BrokerQueue, dangers, evidence

TOPOLOGY = Topology()
INBOX = TOPOLOGY.inbox
FORMER = next(INBOX.as_formerly())


def causes(queue: Queue, **definition: Any) -> list[str]:
    described = BrokerQueue(queue.name, queue.arguments, definition, ["policy 'all'"])
    return [danger.cause for danger in dangers([described], TOPOLOGY)]


@pytest.mark.parametrize(
    ("queue", "definition", "wrong"),
    [
        (INBOX, {}, []),
        (INBOX, {"max-length": 10, "max-length-bytes": 10}, []),
        (FORMER, {"max-length": 10, "max-length-bytes": 10}, ["max-length", "max-length-bytes"]),
        (FORMER, {"max-length": 10, "overflow": "reject-publish"}, []),
        (FORMER, {"max-length": 10, "overflow": "drop-head"}, ["max-length"]),
        (INBOX, {"message-ttl": 1, "expires": 1}, ["message-ttl", "expires"]),
        (INBOX, {"delivery-limit": 3}, ["delivery-limit"]),
        (INBOX, {"delivery-limit": 1000}, []),
        (TOPOLOGY.jobs("jp2"), {"delivery-limit": 3, "max-length": 5}, ["max-length"]),
        (TOPOLOGY.dead_letters, {"message-ttl": 5}, ["message-ttl"]),
        (TOPOLOGY.runner_control("jp2", "r1"), {"message-ttl": 5}, ["message-ttl"]),
        (Queue("another.queue"), {"message-ttl": 5}, []),
    ],
)
def test_each_setting_is_judged(queue: Queue, definition: dict[str, Any], wrong: list[str]) -> None:
    assert causes(queue, **{key.replace("_", "-"): value for key, value in definition.items()}) == wrong


def test_the_text_names_policy_queue_setting_and_what_to_do() -> None:
    [danger] = dangers(
        [BrokerQueue(INBOX.name, INBOX.arguments, {"message-ttl": 50}, ["policy 'all'"])], TOPOLOGY
    )
    for word in ("policy 'all'", INBOX.name, "message-ttl=50", "clear"):
        assert word in danger.text


def test_only_limits_count_as_evidence() -> None:
    dropped = {
        (INBOX.name, "expired"): 3,
        (INBOX.name, "maxlen"): 2,
        (INBOX.name, "rejected"): 7,
        ("", ""): 1,
    }
    assert [(danger.queue, danger.cause) for danger in evidence(dropped, TOPOLOGY)] == [
        (INBOX.name, "message-ttl"),
        (INBOX.name, "max-length"),
    ]
