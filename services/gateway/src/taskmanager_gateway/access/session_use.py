"""Which sessions were used, when, from where: told to the scheduler for the list of one's log-ins.

Of each session at most once in five minutes, unless its address changes: a request costs a look into a table.
Losing it loses nothing but that.
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
from taskmanager_gateway.telling import told

INTERVAL = timedelta(seconds=2)
AGAIN = timedelta(minutes=5)
"""So long the last use of a session counts as the same."""
KEPT = 10_000
"""Sessions of which it is remembered when they were told."""
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
        """A request showed it."""
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
        """It may be at work until the next time it is told; a session that counts must not be left out."""
        return min(session.begun + self._lifetime, now + AGAIN + self._idle)

    async def run_once(self) -> None:
        """Tell what was used since the last time."""
        uses = list(self._waiting.values())[:AT_ONCE]
        if not uses:
            return
        for use in uses:
            del self._waiting[use.session]
        if not await told(self._publisher, self._topology, SessionsUsed(uses=tuple(uses))):
            for use in uses:  # told at their next use
                self._told.pop(use.session, None)

    async def run(self, stop: asyncio.Event) -> None:
        """Tell it every two seconds, and at the end."""
        await until_the_end(INTERVAL, self.run_once, stop)


def _plain(browser: str) -> str:
    """What the browser calls itself, without what could not be shown."""
    return "".join(sign for sign in browser if " " <= sign <= "~")[:BROWSER_CHARACTERS]
