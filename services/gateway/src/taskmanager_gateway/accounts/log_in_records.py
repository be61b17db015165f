"""Records log-ins, log-outs and refusals: in the log, the metrics and, by way of the scheduler, the audit.

No request waits for the audit: what has not been reported yet is kept in memory. Equal refusals become one
entry.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterator
from datetime import timedelta
from typing import Literal

import uuid_utils

from taskmanager.messages import LogInSeen, LogInsSeen
from taskmanager.messages.topology import Topology
from taskmanager.model.reasons.oidc_refusals import OidcRefusal
from taskmanager.ports.broker import Publisher
from taskmanager.ports.clock import Clock
from taskmanager.process.lifecycle import until_the_end
from taskmanager.process.logs import get_logger
from taskmanager_gateway.metrics import LOG_IN_FAILURES, LOG_INS
from taskmanager_gateway.notices import notify

INTERVAL = timedelta(seconds=2)
KEPT = 500
"""Entries that wait for the broker; any beyond that only appear in the log."""

Outcome = Literal["done", "refused", "too_many", "left"]
Way = Literal["password", "code", "security_key", "oidc"]

Seen = OrderedDict[tuple[str | None, ...], LogInSeen]

log = get_logger(__name__)


class LogInRecords:
    """Keeps what happened until it has been reported to the scheduler."""

    def __init__(self, publisher: Publisher, topology: Topology, clock: Clock) -> None:
        """Start with nothing recorded."""
        self._publisher, self._topology, self._clock = publisher, topology, clock
        self._seen: Seen = OrderedDict()

    def note(
        self, outcome: Outcome, way: Way, user: str | None, address: str, refusal: OidcRefusal | None = None
    ) -> None:
        """Record an outcome.

        `user` is None for an unknown name, which may be a password typed into the wrong field; `refusal` says
        more about a log-in by OpenID Connect.
        """
        write = log.info if outcome in {"done", "left"} else log.warning
        write("log_in", outcome=outcome, way=way, user=user, address=address, why=refusal or "")
        LOG_INS.labels(way, outcome).inc()
        if outcome in {"refused", "too_many"}:
            LOG_IN_FAILURES.labels(way if outcome == "refused" else outcome).inc()
        if outcome == "left":
            return  # the command that ends the session is in the audit already
        self._keep(outcome, way, user or "", address, refusal)

    def _keep(self, outcome: Outcome, way: Way, user: str, address: str, refusal: OidcRefusal | None) -> None:
        key = (outcome, way, user, address, refusal)
        if (known := self._seen.get(key)) is not None and outcome != "done":
            self._seen[key] = known.model_copy(update={"times": known.times + 1})
        elif len(self._seen) < KEPT:
            identifier = str(uuid_utils.uuid7())
            self._seen[(*key, identifier) if outcome == "done" else key] = LogInSeen(
                id=identifier,
                at=self._clock.now(),
                user=user,
                address=address,
                way=way,
                outcome=outcome,
                refusal=refusal,
            )

    async def run_once(self) -> None:
        """Report what happened since the last time."""
        if not self._seen:
            return
        seen, self._seen = self._seen, OrderedDict()
        for some in _apart(seen):
            message = LogInsSeen(seen=tuple(some.values()))
            if not await notify(self._publisher, self._topology, message, keep=True):
                self._seen = OrderedDict([*some.items(), *self._seen.items()][:KEPT])

    async def run(self, stop: asyncio.Event) -> None:
        """Report every two seconds, and once at the end."""
        await until_the_end(INTERVAL, self.run_once, stop)


def _apart(seen: Seen) -> Iterator[Seen]:
    """Log-ins without and with a `refusal`: an earlier scheduler rejects the messages that have one."""
    for refused in (False, True):
        some = OrderedDict((key, one) for key, one in seen.items() if (one.refusal is not None) is refused)
        if some:
            yield some
