"""An outbox in memory with the contract of `taskmanager.ports.notification_store.NotificationStore`."""

from collections.abc import Collection, Sequence
from datetime import datetime

from taskmanager.errors import StoreUnavailableError
from taskmanager.model.jobs import Job
from taskmanager.model.notifications.deliveries import Bundle, Delivery, DeliveryState, Notice
from taskmanager.model.notifications.rules import Rule
from taskmanager.model.notifications.watching import Watched
from taskmanager.model.operations import Operation
from taskmanager.model.states import Status
from taskmanager.ports.store import Plan


class MemoryNotifications:
    """What it holds is public, for tests to put in and to look at."""

    def __init__(self) -> None:
        """Empty and available."""
        self.known_rules: dict[str, Rule] = {}
        self.notices: dict[str, Notice] = {}
        self.known_deliveries: dict[str, Delivery] = {}
        self.state: Watched | None = None
        self.jobs: list[Job] = []
        self.operations: list[Operation] = []
        self.available = True

    def write(self, plan: Plan) -> None:
        """The part of a plan about rules."""
        for rule in plan.rules:
            self.known_rules[rule.id] = rule
        for notice in plan.notices:
            self.notices.setdefault(notice.id, notice)
        gone = {*plan.removed_rules, *(rule.id for rule in plan.rules if not rule.on)}
        self.notices = {key: one for key, one in self.notices.items() if one.rule not in gone}
        for name in plan.removed_rules:
            self.known_rules.pop(name, None)
        sent = self.known_deliveries.items()
        self.known_deliveries = {key: one for key, one in sent if one.rule not in plan.removed_rules}

    async def rules(self) -> Sequence[Rule]:
        """See the port."""
        self._arrive()
        return [self.known_rules[key] for key in sorted(self.known_rules)]

    async def watched(self) -> Watched | None:
        """See the port."""
        self._arrive()
        return self.state

    async def note(self, watched: Watched, notices: Sequence[Notice], *, first: bool) -> bool:
        """See the port."""
        self._arrive()
        if not first and (self.state is None or self.state.rev != watched.rev - 1):
            return False
        self.state = watched
        for notice in notices:
            self.notices.setdefault(notice.id, notice)
        return True

    async def failed_jobs(self, after: tuple[datetime, str], *, until: datetime, limit: int) -> Sequence[Job]:
        """See the port."""
        self._arrive()
        failed = [(one.finished, one.id, one) for one in self.jobs if one.status is Status.ERROR]
        ended = [
            (at, key, one) for at, key, one in failed if at is not None and after < (at, key) and at <= until
        ]
        return [one for _, _, one in sorted(ended, key=lambda entry: entry[:2])[:limit]]

    async def operations_ended(self, after: datetime, *, until: datetime, limit: int) -> Sequence[Operation]:
        """See the port."""
        self._arrive()
        ended = [(one.finished, one) for one in self.operations if one.finished is not None]
        found = [(at, one) for at, one in ended if after < at <= until]
        return [one for _, one in sorted(found, key=lambda entry: entry[0])[:limit]]

    async def with_work(self, now: datetime) -> frozenset[str]:
        """See the port."""
        self._arrive()
        waiting = {one.rule for one in self.notices.values() if one.due <= now}
        pending = (one for one in self.known_deliveries.values() if one.state is DeliveryState.PENDING)
        tried = {one.rule for one in pending if one.next_try is not None and one.next_try <= now}
        return frozenset(waiting | tried)

    async def forget(self, rules: Collection[str]) -> None:
        """See the port."""
        self._arrive()
        self.write(Plan(removed_rules=list(rules)))

    async def waiting(self, rule: str, now: datetime, limit: int) -> Sequence[Notice]:
        """See the port."""
        self._arrive()
        found = [one for one in self.notices.values() if one.rule == rule and one.due <= now]
        return sorted(found, key=lambda one: (one.due, one.id))[:limit]

    async def made_since(self, rule: str, since: datetime, limit: int) -> int:
        """See the port."""
        self._arrive()
        made = [one for one in self.known_deliveries.values() if one.rule == rule and one.created > since]
        return min(len(made), limit)

    async def bundle(self, made: Bundle) -> bool:
        """See the port."""
        self._arrive()
        if not all(key in self.notices for key in made.notices):
            return False
        for key in made.notices:
            del self.notices[key]
        self.known_deliveries[made.delivery.id] = made.delivery
        return True

    async def due(self, rule: str, now: datetime) -> Delivery | None:
        """See the port."""
        self._arrive()
        waiting = [
            (one.next_try, one.id, one)
            for one in self.known_deliveries.values()
            if one.rule == rule and one.state is DeliveryState.PENDING and one.next_try is not None
        ]
        found = sorted((entry for entry in waiting if entry[0] <= now), key=lambda entry: entry[:2])
        return found[0][2] if found else None

    async def settle(self, delivery: Delivery) -> bool:
        """See the port."""
        self._arrive()
        known = self.known_deliveries.get(delivery.id)
        if known is None or known.rev != delivery.rev - 1:
            return False
        self.known_deliveries[delivery.id] = delivery
        return True

    def _arrive(self) -> None:
        if not self.available:
            message = "the store is away"
            raise StoreUnavailableError(message)
