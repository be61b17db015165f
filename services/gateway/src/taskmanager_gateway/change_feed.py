"""What the gateway receives: submissions to any gateway, the scheduler's changes, and its answers."""

from collections.abc import Callable

from taskmanager.errors import InvalidMessageError
from taskmanager.messages import Changes, CommandResult, Submissions, Submit, decode_changes
from taskmanager.ports.broker import Delivery
from taskmanager.process.logs import get_logger
from taskmanager_gateway.commands.pending import PendingCommands
from taskmanager_gateway.jobs.recent import Recent
from taskmanager_gateway.jobs.sent_here import SentHere
from taskmanager_gateway.live.digests import Digests
from taskmanager_gateway.live.hub import Hub, Watchers
from taskmanager_gateway.live.running_jobs import RunningJobs
from taskmanager_gateway.metrics import UNREADABLE
from taskmanager_gateway.plugins.catalogue import PluginCatalogue

log = get_logger(__name__)


class Feed:
    """Passes each message on to those it concerns. None of it is authoritative about a job."""

    def __init__(  # noqa: PLR0913 - one for each kind of receiver
        self,
        recent: Recent,
        watchers: Watchers,
        hub: Hub,
        digests: Digests,
        catalogue: PluginCatalogue,
        pending: PendingCommands,
        *,
        running: RunningJobs,
    ) -> None:
        """The receivers of the messages."""
        self._recent = recent
        self._watchers = watchers
        self._hub = hub
        self._digests = digests
        self._catalogue = catalogue
        self._pending = pending
        self._running = running
        self.sent_here = SentHere()
        """What this gateway publishes itself, to be told to it."""
        self._forget_access: Callable[[], None] = lambda: None

    def on_access_changed(self, forget: Callable[[], None]) -> None:
        """Set what to call when anyone's rights have changed, or may have."""
        self._forget_access = forget

    def on_delivery(self, delivery: Delivery) -> None:
        """Handle one message of the gateway's private queue."""
        if not self.sent_here.came_back(delivery.body):
            self.take(delivery.body)

    def take(self, body: bytes) -> None:
        """Pass the message on."""
        try:
            message = decode_changes(body)
        except InvalidMessageError as error:
            UNREADABLE.inc()
            log.warning("change_unreadable", error=str(error))
            return
        if isinstance(message, Submissions | Submit):
            for submit in message.submissions:
                self._heard_of(submit)
        elif isinstance(message, CommandResult):
            self._pending.settle(message)
        else:
            self._changed(message)

    def submitted(self, job: str, body: bytes) -> None:
        """The broker has accepted this submission."""
        self._recent.accepted(job, body)
        self._watchers.notify(job)

    def _heard_of(self, submit: Submit) -> None:
        if not self._recent.knows(submit.job):
            self.submitted(submit.job, submit.encode())

    def reconnected(self) -> None:
        """Messages may have been missed, including that somebody may see less from now on."""
        self._catalogue.refresh_soon()
        self._running.doubt()
        self._watchers.notify_all()
        self._judge_anew("changes may have been missed")

    def _changed(self, changes: Changes) -> None:
        for change in changes.changes:
            self._recent.stored(change.job)
            self._running.note(change)
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
        """Disconnect all listeners: when they come back, it is checked again what each may receive."""
        self._forget_access()
        self._hub.hang_up(reason)
        self._digests.hang_up(reason)
