"""The broker's users: one for each service and each plugin, with the least permissions it needs.

A permission is a pattern of names, matched by RabbitMQ: what the user may declare and delete (configure),
publish to or bind (write), consume, purge or bind from (read); on topic exchanges also the keys it may
publish and bind with. Nobody may publish through the default exchange, which reaches every queue. Knows no
passwords.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from taskmanager.messages.topology import Topology

DEFAULT_STEM = "taskmanager"
NOTHING = "^$"
ANYTHING = ".*"
NUMBERED = r"(\.[0-9]+)?"
"""What may follow the keys and the inbox of the home: those of other partitions, whatever their number."""
_SCHEDULER = "scheduler"
_PREFIX = "prefix"


@dataclass(frozen=True, slots=True)
class BrokerUsers:
    """The names of the users of one installation; all begin with the same stem."""

    stem: str = DEFAULT_STEM

    @property
    def gateway(self) -> str:
        """Publishes submissions and commands."""
        return f"{self.stem}-gateway"

    @property
    def scheduler(self) -> str:
        """Consumes the inbox, answers everybody, declares everything."""
        return f"{self.stem}-{_SCHEDULER}"

    @property
    def migrate(self) -> str:
        """Declares everything and publishes nothing."""
        return f"{self.stem}-migrate"

    @property
    def orchestrator(self) -> str:
        """Reports what runs at its place and gets orders; shared by the orchestrators of all places."""
        return f"{self.stem}-orchestrator"

    def runner(self, plugin: str) -> str:
        """The user shared by all runners of one plugin."""
        return f"{self.stem}-runner-{plugin}"

    @classmethod
    def named_after(cls, scheduler: str) -> "BrokerUsers | None":
        """The users of the installation whose scheduler has this name; None if no scheduler is named so."""
        stem, hyphen, service = scheduler.rpartition("-")
        return cls(stem) if stem and hyphen and service == _SCHEDULER else None


@dataclass(frozen=True, slots=True)
class TopicRights:
    """The keys with which a user may publish to a topic exchange (write) and bind from it (read)."""

    exchange: str
    write: str = NOTHING
    read: str = NOTHING


@dataclass(frozen=True, slots=True)
class BrokerUser:
    """What a user may do; RabbitMQ allows every key on a topic exchange without an entry."""

    name: str
    configure: str
    write: str
    read: str
    topics: tuple[TopicRights, ...] = ()


def broker_users(
    topology: Topology,
    plugins: Iterable[str],
    *,
    users: BrokerUsers | None = None,
    prefix_pattern: str | None = None,
) -> list[BrokerUser]:
    """All users of an installation with these plugins.

    `prefix_pattern` gives access to the names of several prefixes; keys are then bound for `topology` only.
    """
    names = users or BrokerUsers()
    patterns = _Patterns(prefix_pattern or re.escape(topology.prefix))
    return [
        _gateway(names, topology, patterns),
        _scheduler(names, topology, patterns),
        _migrate(names, topology, patterns),
        _orchestrator(names, topology, patterns),
        *(_runner(names, topology, patterns, plugin) for plugin in plugins),
    ]


class _Patterns:
    """Patterns of the names in the topology."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.names = Topology(_PREFIX)

    def of(self, *names: str, below: Iterable[str] = ()) -> str:
        """Exactly these names, and everything that begins with one of `below`."""
        inbox = self.names.inbox.name
        parts = [self._escaped(name) + (NUMBERED if name == inbox else "") for name in names]
        parts += [f"{self._escaped(name)}.+" for name in below]
        return f"^({'|'.join(parts)})$"

    def _escaped(self, name: str) -> str:
        return self._prefix + re.escape(name.removeprefix(_PREFIX))


def _in_any_partition(*keys: str) -> str:
    """These keys, which are those of the home, and the same of all other partitions."""
    return f"^({'|'.join(re.escape(key) for key in keys)}){NUMBERED}$"


def _below(key: str) -> str:
    return f"^{re.escape(key)}.+$"


def _gateway(users: BrokerUsers, topology: Topology, patterns: _Patterns) -> BrokerUser:
    names = patterns.names
    own = names.gateway_changes("").name
    submitting = f"^([a-z0-9-]+|{re.escape(topology.submissions_key)}{NUMBERED})$"
    return BrokerUser(
        users.gateway,
        configure=patterns.of(below=[own]),
        write=patterns.of(names.submit, names.events, below=[own]),
        read=patterns.of(names.changes, names.control, below=[own]),
        topics=(
            TopicRights(topology.submit, write=submitting),
            TopicRights(topology.events, write=_in_any_partition(topology.command_key)),
            TopicRights(topology.control, read=_below(topology.gateway_key(""))),
        ),
    )


def _everything(patterns: _Patterns) -> tuple[list[str], list[str]]:
    """The shared names, and the prefixes of the names of plugins' queues."""
    names = patterns.names
    shared = [*(exchange.name for exchange in names.exchanges), *(queue.name for queue in names.queues)]
    return sorted(set(shared)), [names.jobs("").name]


def _binds_from(names: Topology) -> list[str]:
    """What must be readable in order to bind it to something else."""
    return sorted({binding.exchange for binding in (*names.bindings, names.plugin_binding(""))})


def _scheduler(users: BrokerUsers, topology: Topology, patterns: _Patterns) -> BrokerUser:
    names, (shared, queues) = patterns.names, _everything(patterns)
    told = _in_any_partition(topology.tick_key, topology.command_key)
    return BrokerUser(
        users.scheduler,
        configure=patterns.of(*shared, below=queues),
        write=patterns.of(*(name for name in shared if name != names.submit), below=queues),
        read=patterns.of(*_binds_from(names), names.inbox.name),
        topics=(
            TopicRights(topology.submit, read=ANYTHING),
            TopicRights(topology.events, write=told, read=ANYTHING),
            TopicRights(topology.answers, write=ANYTHING, read=ANYTHING),
            TopicRights(topology.control),
        ),
    )


def _migrate(users: BrokerUsers, topology: Topology, patterns: _Patterns) -> BrokerUser:
    names, (shared, queues) = patterns.names, _everything(patterns)
    destinations = sorted({binding.destination for binding in names.bindings} | {names.dead})
    return BrokerUser(
        users.migrate,
        configure=patterns.of(*shared, below=queues),
        write=patterns.of(*destinations, below=queues),
        # declaring a queue that has a dead-letter exchange requires read permission on it
        read=patterns.of(*_binds_from(names), names.inbox.name),
        topics=(
            TopicRights(topology.submit, read=ANYTHING),
            TopicRights(topology.events, read=ANYTHING),
            TopicRights(topology.answers, read=ANYTHING),
            TopicRights(topology.control),
        ),
    )


def _orchestrator(users: BrokerUsers, topology: Topology, patterns: _Patterns) -> BrokerUser:
    names = patterns.names
    own = names.orchestrator_control("").name
    return BrokerUser(
        users.orchestrator,
        configure=patterns.of(below=[own]),
        write=patterns.of(names.events, below=[own]),
        read=patterns.of(names.control, below=[own]),
        topics=(
            TopicRights(topology.submit),
            TopicRights(topology.events, write=_in_any_partition(topology.replicas_key)),
            TopicRights(topology.control, read=_below(topology.orchestrator_key(""))),
        ),
    )


def _runner(users: BrokerUsers, topology: Topology, patterns: _Patterns, plugin: str) -> BrokerUser:
    names = patterns.names
    own = names.runner_control(plugin, "").name
    orders = f"^({re.escape(topology.runner_key(plugin, ''))}.+|{re.escape(topology.plugin_key(plugin))})$"
    events = Topology(topology.prefix).events_key(plugin)
    return BrokerUser(
        users.runner(plugin),
        configure=patterns.of(below=[own]),
        write=patterns.of(names.events, below=[own]),
        read=patterns.of(names.control, names.jobs(plugin).name, below=[own]),
        topics=(
            TopicRights(topology.submit),
            TopicRights(topology.events, write=_in_any_partition(events)),
            TopicRights(topology.control, read=orders),
        ),
    )
