"""Reports to the scheduler when tokens were used, once a minute at most; a lost report does no other harm."""

import asyncio
from datetime import datetime, timedelta

from taskmanager.messages import TokensUsed
from taskmanager.messages.topology import Topology
from taskmanager.ports.broker import Publisher
from taskmanager.process.lifecycle import until_the_end
from taskmanager_gateway.notices import notify

INTERVAL = timedelta(minutes=1)


class TokenUse:
    """Collects the last use of each token."""

    def __init__(self, publisher: Publisher, topology: Topology) -> None:
        """Start with no uses recorded."""
        self._publisher, self._topology = publisher, topology
        self._uses: dict[str, datetime] = {}

    def note(self, token: str, at: datetime) -> None:
        """Record a use of the token with this id."""
        self._uses[token] = at

    async def run_once(self) -> None:
        """Report what was used since the last time."""
        uses, self._uses = self._uses, {}
        if not uses:
            return
        if not await notify(self._publisher, self._topology, TokensUsed(uses=uses)):
            self._uses = uses | self._uses

    async def run(self, stop: asyncio.Event) -> None:
        """Report every minute, and once at the end."""
        await until_the_end(INTERVAL, self.run_once, stop)
