"""Every exchange, queue and binding in RabbitMQ, and the reason for each argument.

Queue names are defined nowhere else. Pure names and arguments; `taskmanager.rabbit` declares them. Works on
RabbitMQ 3.10 to 4.3: queue types are explicit, there is no mode or version argument and no transient shared
queue.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from taskmanager.model.jobs import TURN_NEXT

MAX_PRIORITY = TURN_NEXT
"""One more than the highest priority of a job, for jobs that an operator has put next."""
SINGLE_ACTIVE = "x-single-active-consumer"
DELIVERY_LIMIT = 100
"""How often an inbox message may be delivered before it becomes a dead letter.

The default is 20 in RabbitMQ 4 and unlimited in RabbitMQ 3.10. Only a scheduler that dies while holding the
message counts; waiting for MongoDB does not.
"""
UNLIMITED = 1_000_000_000
"""Delivery limit of dead letters: inspecting one counts as a delivery; RabbitMQ 4 would drop it after 20."""
REFUSE_WHEN_FULL = {"x-overflow": "reject-publish"}
"""At a length limit, new messages are refused rather than old ones dropped; no policy overrides this."""
PRIVATE: dict[str, str | int | bool] = {
    "x-queue-type": "classic",
    "x-expires": 60_000,
    "x-max-length": 10_000,
}
"""Arguments of private queues: one without a consumer expires after a minute (milliseconds).

Beyond the length limit the oldest messages are dropped: hints, and answers that are requested again.
"""


class ExchangeType(StrEnum):
    """The exchange types in use."""

    TOPIC = "topic"
    DIRECT = "direct"
    FANOUT = "fanout"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A durable exchange."""

    name: str
    type: ExchangeType


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue: shared and durable, or private to one consumer and deleted with it."""

    name: str
    arguments: dict[str, str | int | bool] = field(default_factory=dict)
    private: bool = False
    former: tuple[dict[str, str | int | bool], ...] = ()
    """Arguments of earlier releases that still work: RabbitMQ cannot change those of an existing queue."""

    def as_formerly(self) -> Iterator["Queue"]:
        """The queue as earlier releases declared it, newest first."""
        return (replace(self, arguments=arguments, former=()) for arguments in self.former)

    @property
    def single_active(self) -> bool:
        """Whether one consumer gets every message while the others stand by."""
        return bool(self.arguments.get(SINGLE_ACTIVE))


@dataclass(frozen=True, slots=True)
class Binding:
    """`destination` (a queue, or an exchange if `to_exchange`) gets what `exchange` routes by `key`."""

    exchange: str
    destination: str
    key: str
    to_exchange: bool = False


@dataclass(frozen=True, slots=True)
class Topology:
    """All names under one prefix, so that tests and installations can share a broker."""

    prefix: str = "tm"

    @property
    def submit(self) -> str:
        """Takes submissions, for the inbox and all gateways.

        Gateways of earlier releases use the plugin as the key, so that its queue gets the submission too.
        """
        return f"{self.prefix}.submit"

    @property
    def dispatch(self) -> str:
        """Takes tickets, key = plugin."""
        return f"{self.prefix}.dispatch"

    @property
    def events(self) -> str:
        """Takes runners' events, key = `<plugin>.events`, commands, and the scheduler's own tick."""
        return f"{self.prefix}.events"

    @property
    def answers(self) -> str:
        """Takes answers and orders, key = `runner.<plugin>.<id>`, `plugin.<name>` or `gateway.<id>`."""
        return f"{self.prefix}.answers"

    @property
    def control(self) -> str:
        """Passes answers and orders on to the private queues of runners and gateways."""
        return f"{self.prefix}.control"

    @property
    def hints(self) -> str:
        """Takes hints about what changed, for the gateways' live views."""
        return f"{self.prefix}.hints"

    @property
    def changes(self) -> str:
        """Passes hints, and every submission, on to the gateways' private queues."""
        return f"{self.prefix}.changes"

    @property
    def dead(self) -> str:
        """Takes messages that could not be parsed or were delivered too often."""
        return f"{self.prefix}.dead"

    @property
    def inbox(self) -> Queue:
        """The scheduler's inbox.

        Quorum: it survives a lost node. Single active consumer: of several schedulers only one reads at a
        time, so the messages of a job keep their order and the next scheduler takes over at once. What is
        confirmed here is promised: the queue refuses what it cannot keep.
        """
        kept: dict[str, str | int | bool] = {
            "x-queue-type": "quorum",
            SINGLE_ACTIVE: True,
            "x-delivery-limit": DELIVERY_LIMIT,
            "x-dead-letter-exchange": self.dead,
        }
        return Queue(f"{self.prefix}.scheduler", {**kept, **REFUSE_WHEN_FULL}, former=(kept,))

    @property
    def dead_letters(self) -> Queue:
        """Where dead letters wait to be inspected. Quorum: they survive a lost node."""
        return Queue(
            self.dead,
            {"x-queue-type": "quorum", "x-delivery-limit": UNLIMITED},
            former=({"x-queue-type": "classic"},),
        )

    def jobs(self, plugin: str) -> Queue:
        """The priority queue of a plugin.

        Classic: before RabbitMQ 4.3 quorum queues do not have ten priorities, and from then on they deliver
        returned messages before all others, whatever their priority (measured on 4.3.6; docs/operations.md).
        """
        arguments: dict[str, str | int | bool] = {"x-queue-type": "classic", "x-max-priority": MAX_PRIORITY}
        return Queue(f"{self.prefix}.jobs.{plugin}", arguments)

    def runner_control(self, plugin: str, runner: str) -> Queue:
        """A runner's private queue, under its plugin's name: only that plugin's broker user may have it.

        Having one consumer, it also proves that no other runner of the plugin uses the same id.
        """
        return Queue(f"{self.prefix}.control.runner.{plugin}.{runner}", PRIVATE, private=True)

    def gateway_changes(self, gateway: str) -> Queue:
        """A gateway's private queue of changes."""
        return Queue(f"{self.prefix}.changes.gateway.{gateway}", PRIVATE, private=True)

    def events_key(self, plugin: str) -> str:
        """Routing key of the events of a plugin's runners."""
        return f"{plugin}.events"

    @property
    def tick_key(self) -> str:
        """Routing key of the scheduler's own tick."""
        return "scheduler.tick"

    @property
    def submissions_key(self) -> str:
        """Routing key of submissions; no plugin can have this name."""
        return "gateway.submissions"

    def runner_key(self, plugin: str, runner: str) -> str:
        """Routing key of answers to one runner."""
        return f"runner.{plugin}.{runner}"

    @property
    def command_key(self) -> str:
        """Routing key of operators' commands."""
        return "gateway.command"

    def gateway_key(self, gateway: str) -> str:
        """Routing key of answers to one gateway."""
        return f"gateway.{gateway}"

    def plugin_key(self, plugin: str) -> str:
        """Routing key of orders to all runners of a plugin."""
        return f"plugin.{plugin}"

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """All exchanges."""
        return (
            Exchange(self.submit, ExchangeType.TOPIC),
            Exchange(self.dispatch, ExchangeType.DIRECT),
            Exchange(self.events, ExchangeType.TOPIC),
            Exchange(self.answers, ExchangeType.TOPIC),
            Exchange(self.control, ExchangeType.TOPIC),
            Exchange(self.hints, ExchangeType.FANOUT),
            Exchange(self.changes, ExchangeType.FANOUT),
            Exchange(self.dead, ExchangeType.FANOUT),
        )

    @property
    def queues(self) -> tuple[Queue, ...]:
        """All shared queues except those of plugins, which are declared with the plugins."""
        return (self.inbox, self.dead_letters)

    @property
    def bindings(self) -> tuple[Binding, ...]:
        """All bindings except those of plugins, runners and gateways."""
        return (
            Binding(self.submit, self.inbox.name, "#"),
            Binding(self.submit, self.dispatch, "#", to_exchange=True),
            Binding(self.submit, self.changes, "#", to_exchange=True),
            Binding(self.events, self.inbox.name, "#"),
            Binding(self.answers, self.control, "#", to_exchange=True),
            Binding(self.hints, self.changes, "#", to_exchange=True),
            Binding(self.dead, self.dead_letters.name, ""),
        )

    @property
    def private_exchanges(self) -> tuple[Exchange, ...]:
        """The exchanges that private queues are bound to; only other exchanges route to them."""
        return tuple(one for one in self.exchanges if one.name in {self.control, self.changes})

    def bindings_to(self, exchange: Exchange) -> Iterator[Binding]:
        """The bindings that route messages from other exchanges to this one."""
        return (one for one in self.bindings if one.to_exchange and one.destination == exchange.name)

    def plugin_binding(self, plugin: str) -> Binding:
        """Ties a plugin's queue to the tickets of that plugin."""
        return Binding(self.dispatch, self.jobs(plugin).name, plugin)
