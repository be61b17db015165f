"""The page `docs/messages.md`: every message and queue, from the code."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import get_args, get_type_hints

from deploy.reference.fields import Described, records_within
from deploy.reference.markdown import code, sentence, table
from pydantic import BaseModel

from taskmanager import messages
from taskmanager.messages import Message
from taskmanager.messages.topology import Binding, Queue, Topology

NAMES, DIVIDED = Topology(), Topology(partitions=2)
PLUGIN, RUNNER, GATEWAY, PLACE = "<plugin>", "<id>", "<id>", "<place>"
ORCHESTRATORS = NAMES.orchestrator_control(PLACE)
INBOX, TICKETS = NAMES.inbox, NAMES.jobs(PLUGIN)
RUNNERS, GATEWAYS = NAMES.runner_control(PLUGIN, RUNNER), NAMES.gateway_changes(GATEWAY)


@dataclass(frozen=True)
class Reader:
    """The consumer of a queue, and how it decodes the messages."""

    name: str
    decode: Callable[[bytes], Message]

    def reads(self, message: type[Message]) -> bool:
        """Whether the message is one of those expected there."""
        return message in get_args(get_type_hints(self.decode)["return"])


READERS: Mapping[str, tuple[Queue, Reader]] = {
    queue.name: (queue, reader)
    for queue, reader in (
        (INBOX, Reader("the working scheduler", messages.decode_inbox)),
        (TICKETS, Reader("the runners of the plugin", messages.decode_tickets)),
        (RUNNERS, Reader("the runner", messages.decode_control)),
        (GATEWAYS, Reader("the gateway", messages.decode_changes)),
        (ORCHESTRATORS, Reader("the orchestrator of the place", messages.decode_orders)),
    )
}


@dataclass(frozen=True)
class Way:
    """The publisher of a message, and where it is published."""

    publisher: str
    exchange: str
    keys: tuple[str, ...]


PRIVATE = (
    Binding(NAMES.control, RUNNERS.name, NAMES.runner_key(PLUGIN, RUNNER)),
    Binding(NAMES.control, RUNNERS.name, NAMES.plugin_key(PLUGIN)),
    Binding(NAMES.control, GATEWAYS.name, NAMES.gateway_key(GATEWAY)),
    Binding(NAMES.control, ORCHESTRATORS.name, NAMES.orchestrator_key(PLACE)),
    Binding(NAMES.changes, GATEWAYS.name, ""),
)
"""What runners, gateways and orchestrators bind for themselves."""
WAYS: Mapping[type[Message], Way] = {
    messages.Submissions: Way("gateway", NAMES.submit, (NAMES.submissions_key,)),
    messages.Submit: Way("a gateway of an earlier release", NAMES.submit, (PLUGIN,)),
    messages.Ticket: Way("scheduler", NAMES.dispatch, (PLUGIN,)),
    messages.Tickets: Way("scheduler", NAMES.dispatch, (PLUGIN,)),
    messages.RunnerEvents: Way("runner", NAMES.events, (NAMES.events_key(PLUGIN),)),
    messages.Command: Way("gateway", NAMES.events, (NAMES.command_key,)),
    messages.LogInsSeen: Way("gateway", NAMES.events, (NAMES.command_key,)),
    messages.SessionsUsed: Way("gateway", NAMES.events, (NAMES.command_key,)),
    messages.TokensUsed: Way("gateway", NAMES.events, (NAMES.command_key,)),
    messages.ReplicasReported: Way("orchestrator", NAMES.events, (NAMES.replicas_key,)),
    messages.Redelivered: Way("scheduler", NAMES.events, (NAMES.tick_key,)),
    messages.Tick: Way("scheduler", NAMES.events, (NAMES.tick_key,)),
    messages.RunnerReplies: Way("scheduler", NAMES.answers, (NAMES.runner_key(PLUGIN, RUNNER),)),
    messages.Notice: Way(
        "scheduler",
        NAMES.answers,
        (NAMES.plugin_key(PLUGIN), NAMES.runner_key(PLUGIN, RUNNER), NAMES.orchestrator_key(PLACE)),
    ),
    messages.CommandResult: Way("scheduler", NAMES.answers, (NAMES.gateway_key(GATEWAY),)),
    messages.ReplicaOrders: Way("scheduler", NAMES.answers, (NAMES.orchestrator_key(PLACE),)),
    messages.Changes: Way("scheduler", NAMES.hints, ("",)),
}
"""By the type of the message."""


def document() -> str:
    """What follows the introduction."""
    return "\n".join([*_overview(), *_catalogue(), *_records(), *_topology()])


def kind_of(message: type[BaseModel]) -> str:
    """The value of its field `type`."""
    return str(message.model_fields["type"].default)


def _overview() -> Iterator[str]:
    yield "## The messages"
    yield ""
    head = ("message", "published by", "exchange", "routing key", "consumed from", "by")
    yield from table(head, (_way(message, way) for message, way in WAYS.items()))


def _way(message: type[Message], way: Way) -> tuple[str, ...]:
    found = [(queue.name, reader.name) for queue, reader in READERS.values() if reader.reads(message)]
    keys = "<br>".join(code(key) if key else "none" for key in way.keys)
    queues, readers = "<br>".join(code(queue) for queue, _ in found), "<br>".join(name for _, name in found)
    name = kind_of(message)
    return f"[{code(name)}](#{name})", way.publisher, code(way.exchange), keys, queues, readers


def _catalogue() -> Iterator[str]:
    for message in WAYS:
        yield from _described("###", kind_of(message), message)


def _records() -> Iterator[str]:
    yield "## What messages are made of"
    yield ""
    for record in records_within(WAYS):
        yield from _described("###", record.__name__, record)


def _described(mark: str, title: str, record: type[BaseModel]) -> Iterator[str]:
    yield f"{mark} {title}"
    yield ""
    yield sentence(record.__doc__ or "")
    yield ""
    rows = list(Described(record).rows())
    if rows:
        yield from table(("field", "type", "default", "meaning"), rows)


def _topology() -> Iterator[str]:
    yield "## Exchanges and queues"
    yield ""
    yield "Every name begins with the prefix (`TASKMANAGER_TOPOLOGY_PREFIX`, `tm` by default)."
    yield ""
    inbox, other = code(DIVIDED.inbox.name), code(DIVIDED.inbox_of(1).name)
    yield (
        "With several [partitions](adr/0021-partitions-of-the-inbox.md), all but the first have inboxes and "
        f"keys that end with their number: {other} is bound to {_keys_of(1)}, "
        f"and {inbox} to {_keys_of(0)} instead of everything."
    )
    yield ""
    bindings = (*NAMES.bindings, NAMES.plugin_binding(PLUGIN), *PRIVATE)
    for_exchange = {
        exchange.name: [one for one in bindings if one.exchange == exchange.name]
        for exchange in NAMES.exchanges
    }
    rows = (
        (code(exchange.name), exchange.type.value, "<br>".join(map(_binding, for_exchange[exchange.name])))
        for exchange in NAMES.exchanges
    )
    yield from table(("exchange", "type", "bound to"), rows)
    queues = (INBOX, TICKETS, NAMES.dead_letters, RUNNERS, GATEWAYS)
    yield from table(("queue", "kind", "arguments"), (_queue(queue) for queue in queues))


def _keys_of(partition: int) -> str:
    """What the inbox of one of several partitions is bound to."""
    inbox = DIVIDED.inbox_of(partition).name
    ways = [one for one in DIVIDED.bindings if one.destination == inbox]
    return ", ".join(f"{code(one.exchange)} by {code(one.key)}" for one in ways)


def _binding(one: Binding) -> str:
    return f"{code(one.destination)} by {code(one.key)}" if one.key else f"{code(one.destination)} by any key"


def _queue(queue: Queue) -> tuple[str, ...]:
    kind = "private to one consumer, gone with it" if queue.private else "durable"
    arguments = "<br>".join(code(f"{name}: {json.dumps(value)}") for name, value in queue.arguments.items())
    return code(queue.name), kind, arguments
