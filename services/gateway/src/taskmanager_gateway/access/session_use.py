"""Reports to the scheduler which sessions were used, when and from where, for the list of one's log-ins.

Each session is reported at most once in five minutes unless its address changes, so a request costs only a
dictionary lookup. A lost report affects nothing but that list.
"""

import asyncio
from collections import OrderedDict
from datetime import datetime, timedelta

from taskmanager.messages import SessionsUsed, SessionUse
from taskmanager.messages.topology import Topology
from taskmanager.ports.broker import Publisher
from taskmanager.ports.clock import Clock
from taskmanager.process.lifecycle import until_the_end
from taskmanager_gateway.access.sessions import Session
from taskmanager_gateway.access.settings import AccessSettings
from taskmanager_gateway.notices import notify

INTERVAL = timedelta(seconds=2)
AGAIN = timedelta(minutes=5)
"""How long further uses of a session count as the one already reported."""
KEPT = 10_000
"""Number of sessions whose last report is remembered."""
AT_ONCE = 1_000
"""Sessions in one message; the others wait for the next one."""
BROWSER_CHARACTERS = 300


class SessionUses:
    """Collects the last use of each session."""

    def __init__(
        self, settings: AccessSettings, publisher: Publisher, topology: Topology, clock: Clock
    ) -> None:
        """`settings` say how long a session may last."""
        self._lifetime, self._idle = settings.session_lifetime, settings.session_idle
        self._publisher, self._topology, self._clock = publisher, topology, clock
        self._told: OrderedDict[str, tuple[datetime, str]] = OrderedDict()
        self._waiting: dict[str, SessionUse] = {}

    def note(self, session: Session, address: str, browser: str) -> None:
        """Record that a request presented the session."""
        now = self._clock.now()
        at, where = self._told.get(session.id, (None, None))
        if at is not None and where == address and now - at < AGAIN:
            return
        self._told[session.id] = now, address
        self._told.move_to_end(session.id)
        if len(self._told) > KEPT:
            self._told.popitem(last=False)
        self._waiting[session.id] = SessionUse(
            session=session.id,
            user=session.user,
            begun=session.begun,
            at=now,
            ends=self._latest_end(session, now),
            address=address,
            browser=_plain(browser),
        )

    def _latest_end(self, session: Session, now: datetime) -> datetime:
        """The session may stay active until its next report; a valid session must not drop off the list."""
        return min(session.begun + self._lifetime, now + AGAIN + self._idle)

    async def run_once(self) -> None:
        """Report what was used since the last time."""
        uses = list(self._waiting.values())[:AT_ONCE]
        if not uses:
            return
        for use in uses:
            del self._waiting[use.session]
        if not await notify(self._publisher, self._topology, SessionsUsed(uses=tuple(uses))):
            for use in uses:  # reported at their next use
                self._told.pop(use.session, None)

    async def run(self, stop: asyncio.Event) -> None:
        """Report every two seconds, and once at the end."""
        await until_the_end(INTERVAL, self.run_once, stop)


def _plain(browser: str) -> str:
    """The browser's User-Agent, reduced to printable ASCII."""
    return "".join(sign for sign in browser if " " <= sign <= "~")[:BROWSER_CHARACTERS]
