"""Every exchange, queue and binding in RabbitMQ, and the reason for each argument.

Queue names are defined nowhere else. Pure names and arguments; `taskmanager.rabbit` declares them. Works on
RabbitMQ 3.10 to 4.3: queue types are explicit, there is no mode or version argument and no transient shared
queue.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from taskmanager.model.jobs import TURN_NEXT
from taskmanager.model.partitions import HOME, partition_of

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
    """All names under one prefix, so that tests and installations can share a broker.

    With several `partitions` there are as many inboxes. The names and keys of the first, the home, are those
    of the only one; those of the others end with their number.
    """

    prefix: str = "tm"
    partitions: int = 1

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
        """Takes answers and orders.

        key = `runner.<plugin>.<id>`, `plugin.<name>`, `gateway.<id>` or `orchestrator.<place>`.
        """
        return f"{self.prefix}.answers"

    @property
    def control(self) -> str:
        """Passes answers and orders on to the private queues of runners, gateways and orchestrators."""
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
        """The scheduler's inbox; of several, the home's."""
        return self.inbox_of(HOME)

    @property
    def inboxes(self) -> tuple[Queue, ...]:
        """The inboxes of all partitions."""
        return tuple(self.inbox_of(partition) for partition in range(self.partitions))

    def inbox_of(self, partition: int) -> Queue:
        """The inbox of a partition.

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
        return Queue(
            _numbered(f"{self.prefix}.scheduler", partition), {**kept, **REFUSE_WHEN_FULL}, former=(kept,)
        )

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

    def orchestrator_control(self, place: str) -> Queue:
        """The private queue of a place's orchestrator; having one consumer, it keeps a second one away."""
        return Queue(f"{self.prefix}.control.orchestrator.{place}", PRIVATE, private=True)

    def gateway_changes(self, gateway: str) -> Queue:
        """A gateway's private queue of changes."""
        return Queue(f"{self.prefix}.changes.gateway.{gateway}", PRIVATE, private=True)

    def partition_of(self, plugin: str | None) -> int:
        """The partition of a plugin; of what concerns no plugin, or all, the home."""
        return HOME if plugin is None else partition_of(plugin, self.partitions)

    def events_key(self, plugin: str) -> str:
        """Routing key of the events of a plugin's runners."""
        return _numbered(f"{plugin}.events", self.partition_of(plugin))

    @property
    def tick_key(self) -> str:
        """Routing key of the scheduler's own tick through the home's inbox."""
        return self.tick_key_of(HOME)

    def tick_key_of(self, partition: int) -> str:
        """Routing key of the scheduler's own tick through a partition's inbox."""
        return _numbered("scheduler.tick", partition)

    @property
    def submissions_key(self) -> str:
        """Routing key of submissions to the home; no plugin can have this name."""
        return self.submissions_key_of(HOME)

    def submissions_key_of(self, partition: int) -> str:
        """Routing key of submissions to a partition."""
        return _numbered("gateway.submissions", partition)

    def runner_key(self, plugin: str, runner: str) -> str:
        """Routing key of answers to one runner."""
        return f"runner.{plugin}.{runner}"

    @property
    def command_key(self) -> str:
        """Routing key of operators' commands to the home."""
        return self.command_key_of(HOME)

    def command_key_of(self, partition: int) -> str:
        """Routing key of operators' commands to a partition."""
        return _numbered("gateway.command", partition)

    @property
    def replicas_key(self) -> str:
        """Routing key of orchestrators' reports to the home; no plugin's events can have it."""
        return self.replicas_key_of(HOME)

    def replicas_key_of(self, partition: int) -> str:
        """Routing key of orchestrators' reports to a partition."""
        return _numbered("orchestrator.replicas", partition)

    def orchestrator_key(self, place: str) -> str:
        """Routing key of orders to the orchestrator of a place."""
        return f"orchestrator.{place}"

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
        return (*self.inboxes, self.dead_letters)

    @property
    def bindings(self) -> tuple[Binding, ...]:
        """All bindings except those of plugins, runners and gateways."""
        return (
            *(one for one in self._inbox_bindings if one.exchange == self.submit),
            Binding(self.submit, self.dispatch, "#", to_exchange=True),
            Binding(self.submit, self.changes, "#", to_exchange=True),
            *(one for one in self._inbox_bindings if one.exchange == self.events),
            Binding(self.answers, self.control, "#", to_exchange=True),
            Binding(self.hints, self.changes, "#", to_exchange=True),
            Binding(self.dead, self.dead_letters.name, ""),
        )

    @property
    def _inbox_bindings(self) -> tuple[Binding, ...]:
        """Everything to the only inbox, or to each of several what bears its number.

        The home also gets submissions under a plugin's name: a gateway that sends those knows no partitions.
        """
        if self.partitions == 1:
            return self._undivided_bindings
        home = self.inbox.name
        return (
            Binding(self.submit, home, "*"),
            Binding(self.submit, home, self.submissions_key),
            Binding(self.events, home, "*.*"),
            *(binding for number in range(1, self.partitions) for binding in self._bindings_of(number)),
        )

    def _bindings_of(self, partition: int) -> tuple[Binding, Binding]:
        inbox = self.inbox_of(partition).name
        return (
            Binding(self.submit, inbox, self.submissions_key_of(partition)),
            Binding(self.events, inbox, _numbered("*.*", partition)),
        )

    @property
    def _undivided_bindings(self) -> tuple[Binding, ...]:
        home = self.inbox.name
        return (Binding(self.submit, home, "#"), Binding(self.events, home, "#"))

    @property
    def former_bindings(self) -> tuple[Binding, ...]:
        """What must not be bound any more: the home would get what belongs to other partitions."""
        return () if self.partitions == 1 else self._undivided_bindings

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


def _numbered(name: str, partition: int) -> str:
    """The name of something of this partition; the home's has no number."""
    return name if partition == HOME else f"{name}.{partition}"
