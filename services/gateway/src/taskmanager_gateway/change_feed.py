"""What the gateway hears: every submission to any gateway, what the scheduler changed, and its answers."""

from collections.abc import Callable

import structlog

from taskmanager.errors import InvalidMessageError
from taskmanager.messages import Changes, CommandResult, Submit, decode_changes
from taskmanager.ports.broker import Delivery
from taskmanager_gateway.commands.pending import PendingCommands
from taskmanager_gateway.jobs.recent import Recent
from taskmanager_gateway.live.digests import Digests
from taskmanager_gateway.live.hub import Hub, Watchers
from taskmanager_gateway.metrics import UNREADABLE
from taskmanager_gateway.plugins.catalogue import PluginCatalogue

log = structlog.get_logger(__name__)


class Feed:
    """Spreads each message to those it concerns. None of it is the truth about a job."""

    def __init__(
        self,
        recent: Recent,
        watchers: Watchers,
        hub: Hub,
        digests: Digests,
        catalogue: PluginCatalogue,
        pending: PendingCommands,
    ) -> None:
        """Whom to tell."""
        self._recent = recent
        self._watchers = watchers
        self._hub = hub
        self._digests = digests
        self._catalogue = catalogue
        self._pending = pending
        self._forget_access: Callable[[], None] = lambda: None

    def on_access_changed(self, forget: Callable[[], None]) -> None:
        """What to do when somebody may do something else from now on, or may have been given other rights."""
        self._forget_access = forget

    def on_delivery(self, delivery: Delivery) -> None:
        """Take one message of the gateway's private queue."""
        self.take(delivery.body)

    def take(self, body: bytes) -> None:
        """Spread the message."""
        try:
            message = decode_changes(body)
        except InvalidMessageError as error:
            UNREADABLE.inc()
            log.warning("change_unreadable", error=str(error))
            return
        if isinstance(message, Submit):
            self.submitted(message.job, body)
        elif isinstance(message, CommandResult):
            self._pending.settle(message)
        else:
            self._changed(message)

    def submitted(self, job: str, body: bytes) -> None:
        """The broker took this submission."""
        self._recent.accepted(job, body)
        self._watchers.notify(job)

    def reconnected(self) -> None:
        """Messages may have been missed, also that somebody may see less from now on."""
        self._catalogue.refresh_soon()
        self._watchers.notify_all()
        self._judge_anew("changes may have been missed")

    def _changed(self, changes: Changes) -> None:
        for change in changes.changes:
            self._recent.stored(change.job)
            self._watchers.notify(change.job)
        for job in changes.jobs:
            self._watchers.notify(job)
        if changes.plugins:
            self._catalogue.refresh_soon()
        if changes.access:
            self._judge_anew("rights have changed")
        self._hub.publish(changes)
        self._digests.publish(changes)

    def _judge_anew(self, reason: str) -> None:
        """Whoever listens comes back and is asked again who may hear what."""
        self._forget_access()
        self._hub.hang_up(reason)
        self._digests.hang_up(reason)
