"""What watching for events and sending notifications read and write, as a port."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from taskmanager.model.jobs import Job
from taskmanager.model.notifications.deliveries import Bundle, Delivery, Notice
from taskmanager.model.notifications.rules import Rule
from taskmanager.model.notifications.watching import Watched
from taskmanager.model.operations import Operation


class NotificationStore(Protocol):
    """Every call may raise StoreUnavailableError; it is then unknown whether anything was written."""

    async def rules(self) -> Sequence[Rule]:
        """All rules by id, on or off."""

    async def watched(self) -> Watched | None:
        """What was known at the last look; None before the first, and if it cannot be read."""

    async def note(self, watched: Watched, notices: Sequence[Notice], *, first: bool) -> bool:
        """Store both, all or nothing; a notice that is stored already stays as it is.

        Unless `first`, only if what is stored is one `rev` older; returns whether it was.
        """

    async def failed_jobs(self, after: tuple[datetime, str], *, until: datetime, limit: int) -> Sequence[Job]:
        """Jobs in ERROR that ended later than that end and id, up to a moment, in this order; as listed."""

    async def operations_ended(self, after: datetime, *, until: datetime, limit: int) -> Sequence[Operation]:
        """Operations that ended later than `after`, up to `until`, in the order of their ends."""

    async def with_work(self, now: datetime) -> frozenset[str]:
        """The rules for which a notice or a message is due."""

    async def forget(self, rules: Collection[str]) -> None:
        """Remove what waits for rules that there are not: noticed while somebody removed them."""

    async def waiting(self, rule: str, now: datetime, limit: int) -> Sequence[Notice]:
        """Notices of the rule that are due and in no message yet, the longest due first."""

    async def made_since(self, rule: str, since: datetime, limit: int) -> int:
        """How many messages of the rule were made later than that, counted up to `limit`."""

    async def bundle(self, made: Bundle) -> bool:
        """Put the notices into the message, all or nothing; False if one of them is in another by now."""

    async def due(self, rule: str, now: datetime) -> Delivery | None:
        """The message of the rule that is to be tried next, if one is due."""

    async def settle(self, delivery: Delivery) -> bool:
        """Store how a message went if the stored one is one `rev` older; returns whether it was."""
