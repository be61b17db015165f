"""Which RabbitMQ settings can remove messages from our queues. Pure.

A policy (or operator policy) applies to queues by name. Limits of length, message TTL and queue expiry are
the lower of policy and argument, so no argument protects against them; for `overflow` the argument takes
precedence (RabbitMQ's documentation: "Parameters and Policies", "Queue Length Limit").
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from taskmanager.messages.topology import DELIVERY_LIMIT, Topology

REFUSING = {"reject-publish", "reject-publish-dlx"}
LENGTHS = ("max-length", "max-length-bytes")
DROPPED = {"expired": "message-ttl", "maxlen": "max-length"}
"""Dead-letter reasons caused by a limit, and the policy key behind each."""


@dataclass(frozen=True, slots=True)
class BrokerQueue:
    """A queue as the broker describes it; `policies` names the policies that `definition` comes from."""

    name: str
    arguments: Mapping[str, Any]
    definition: Mapping[str, Any]
    policies: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Danger:
    """A queue, and the key of a policy that endangers it."""

    queue: str
    cause: str
    text: str


def dangers(queues: Iterable[BrokerQueue], topology: Topology) -> list[Danger]:
    """The dangers to our queues from the policies that apply to them."""
    return [
        Danger(queue.name, key, _text(queue, key, topology))
        for queue in queues
        if queue.name.startswith(f"{topology.prefix}.")
        for key in _wrong(queue, topology)
    ]


def _wrong(queue: BrokerQueue, topology: Topology) -> list[str]:
    overflow = queue.arguments.get("x-overflow") or queue.definition.get("overflow")
    found = [key for key in LENGTHS if key in queue.definition and overflow not in REFUSING]
    found += [key for key in ("message-ttl", "expires") if key in queue.definition]
    deliveries = queue.definition.get("delivery-limit", DELIVERY_LIMIT)
    if _is_inbox(queue.name, topology) and 0 <= deliveries < DELIVERY_LIMIT:
        found.append("delivery-limit")
    return found


def _is_inbox(name: str, topology: Topology) -> bool:
    return any(name == inbox.name for inbox in topology.inboxes)


def _text(queue: BrokerQueue, key: str, topology: Topology) -> str:
    policies = ", ".join(queue.policies) or "a policy"
    return (
        f"{policies} sets {key}={queue.definition[key]} for {queue.name}, which can lose "
        f"{_what_is_lost(queue.name, topology)}: clear the policy, or have it leave out the names that begin "
        f"with '{topology.prefix}.'"
    )


def _what_is_lost(name: str, topology: Topology) -> str:
    if _is_inbox(name, topology):
        return "accepted submissions, commands and what runners report"
    if name == topology.dead_letters.name:
        return "dead letters before anybody has seen them"
    if name.startswith(topology.jobs("").name):
        return "tickets, which are made again late"
    return "answers and news"


def evidence(dropped: Mapping[tuple[str, str], int], topology: Topology) -> list[Danger]:
    """What RabbitMQ has already dropped, from the waiting dead letters: (queue, reason) -> count."""
    return [
        Danger(
            queue,
            DROPPED[reason],
            f"RabbitMQ took {number} messages out of {queue} ({reason}); they wait in "
            f"{topology.dead_letters.name}: clear the policy that sets {DROPPED[reason]}, then send them "
            "back or drop them (taskmanager dead-letters)",
        )
        for (queue, reason), number in sorted(dropped.items())
        if reason in DROPPED
    ]
