"""Who may send what: routing key, broker user and the claims of a message must agree. Pure.

RabbitMQ vouches for a message's user and restricts each user to their keys; this checks what it cannot
compare.
"""

from dataclasses import dataclass

from taskmanager.accounts.broker_users import BrokerUsers
from taskmanager.errors import PermanentError, TaskManagerError
from taskmanager.messages import (
    Command,
    Hello,
    Inbound,
    LogInsSeen,
    Redelivered,
    ReplicasReported,
    RunnerEvents,
    SessionsUsed,
    Submissions,
    Submit,
    Tick,
    TokensUsed,
    decode_inbox,
)
from taskmanager.messages.topology import Topology
from taskmanager.model.partitions import HOME


class NotBelievedError(TaskManagerError):
    """The sender is not entitled to send this message."""


@dataclass(frozen=True, slots=True)
class Senders:
    """Of what comes to the inbox of one partition.

    If `users` is None, all share one broker user, so only keys and claims are compared. A gateway's
    submissions are believed whatever their plugin: what was accepted is stored, even by the wrong partition.
    """

    topology: Topology
    users: BrokerUsers | None = None
    partition: int = HOME

    def read(self, body: bytes, key: str, user: str | None) -> Inbound:
        """The message in a body that came with this key and user, or in a dead letter that was sent back.

        Raises InvalidMessageError and NotBelievedError.
        """
        message = decode_inbox(body)
        if doubt := self.doubt(message, key, user):
            raise NotBelievedError(doubt)
        if isinstance(message, Redelivered):
            return self.read(message.content, message.key, message.user)
        return message

    def doubt(self, message: Inbound | Redelivered, key: str, user: str | None) -> str | None:
        """Why the message is not believed, or None."""
        wanted = self._key_of(message)
        if key != wanted:
            return f"a message for the key {wanted} came with {key}"
        if isinstance(message, RunnerEvents) and (stranger := _foreign_manifest(message)):
            return f"a runner of {message.plugin} brings the plugin {stranger}"
        return None if self.users is None else self._doubt_user(self.users, message, user)

    def _key_of(self, message: Inbound | Redelivered) -> str:
        match message:
            case Submissions():
                return self.topology.submissions_key_of(self.partition)
            case Submit():
                return message.spec.plugin
            case RunnerEvents():
                return self.topology.events_key(message.plugin)
            case Command() | TokensUsed() | SessionsUsed() | LogInsSeen():
                return self.topology.command_key_of(self.partition)
            case ReplicasReported():
                return self.topology.replicas_key_of(self.topology.partition_of(message.plugin))
            case Tick() | Redelivered():
                return self.topology.tick_key_of(self.partition)

    def _doubt_user(self, users: BrokerUsers, message: Inbound | Redelivered, user: str | None) -> str | None:
        allowed = _allowed(users, message)
        if user in allowed:
            return None
        return f"{message.type} by the broker user {user}: only {' and '.join(allowed)} may"


def _allowed(users: BrokerUsers, message: Inbound | Redelivered) -> tuple[str, ...]:
    match message:
        case Submissions() | Submit() | TokensUsed() | SessionsUsed() | LogInsSeen():
            return (users.gateway,)
        case Command():
            return users.gateway, users.scheduler  # the scheduler itself ends a stop that has expired
        case RunnerEvents():
            return (users.runner(message.plugin),)
        case ReplicasReported():
            return (users.orchestrator,)
        case Tick() | Redelivered():
            return (users.scheduler,)


def _foreign_manifest(message: RunnerEvents) -> str | None:
    names = {event.manifest.name for event in message.events if isinstance(event, Hello)}
    return next((name for name in sorted(names) if name != message.plugin), None)


def senders_for(topology: Topology, own_user: str, partition: int = HOME, *, shared: bool) -> Senders:
    """What a scheduler logged in as `own_user` believes of what comes to this partition's inbox.

    Raises PermanentError if that is not a scheduler's user, since every message would be refused.
    """
    if shared:
        return Senders(topology, None, partition)
    users = BrokerUsers.named_after(own_user)
    if users is None:
        reason = (
            f"AMQP_URL names the broker user {own_user}, but each service needs one of its own, the "
            "scheduler NAME-scheduler (taskmanager-accounts makes them); or set "
            "TASKMANAGER_BROKER_USERS=shared"
        )
        raise PermanentError(reason)
    return Senders(topology, users, partition)
