"""When tokens were used, told to the scheduler at most once a minute; losing it loses nothing else."""

import asyncio
from datetime import datetime, timedelta

import structlog

from taskmanager.errors import BrokerUnavailableError, UnroutableMessageError
from taskmanager.messages import TokensUsed
from taskmanager.messages.topology import Topology
from taskmanager.ports.broker import Publisher
from taskmanager.process.lifecycle import until_the_end

INTERVAL = timedelta(minutes=1)

log = structlog.get_logger(__name__)


class TokenUse:
    """Collects the last use of each token."""

    def __init__(self, publisher: Publisher, topology: Topology) -> None:
        """Nothing was used."""
        self._publisher, self._topology = publisher, topology
        self._uses: dict[str, datetime] = {}

    def note(self, token: str, at: datetime) -> None:
        """The token, by id, was used."""
        self._uses[token] = at

    async def run_once(self) -> None:
        """Tell what was used since the last time."""
        uses, self._uses = self._uses, {}
        if not uses:
            return
        body = TokensUsed(uses=uses).encode()
        try:
            await self._publisher.publish(
                self._topology.events, self._topology.command_key, body, persistent=False
            )
        except (BrokerUnavailableError, UnroutableMessageError) as error:
            self._uses = uses | self._uses
            log.debug("token_use_not_told", error=str(error))

    async def run(self, stop: asyncio.Event) -> None:
        """Tell it every minute, and at the end."""
        await until_the_end(INTERVAL, self.run_once, stop)
