"""All about access that one gateway keeps: put together once, wired by `parts`."""

import asyncio
from dataclasses import dataclass

from taskmanager.ports import AccessReader, Clock, Publisher
from taskmanager.topology import Topology
from taskmanager_gateway.access.directory import Directory
from taskmanager_gateway.access.permissions import Permissions
from taskmanager_gateway.access.proving import Proving
from taskmanager_gateway.access.settings import AccessMode, AccessSettings
from taskmanager_gateway.access.throttle import Throttle
from taskmanager_gateway.access.token_use import TokenUse


@dataclass(frozen=True, slots=True)
class Access:
    """Who may do what, at this gateway."""

    settings: AccessSettings
    reader: AccessReader
    directory: Directory
    proving: Proving
    permissions: Permissions
    throttle: Throttle
    use: TokenUse

    @property
    def off(self) -> bool:
        """Whether everybody may do everything; every page says so."""
        return self.settings.access is AccessMode.OFF

    async def run(self, stop: asyncio.Event) -> None:
        """Tell the scheduler which tokens were used."""
        await self.use.run(stop)


def make_access(
    settings: AccessSettings,
    reader: AccessReader,
    permissions: Permissions,
    publisher: Publisher,
    topology: Topology,
    clock: Clock,
) -> Access:
    """Wire it."""
    directory, use = Directory(reader), TokenUse(publisher, topology)
    proving = Proving(settings, directory, use, clock)
    return Access(settings, reader, directory, proving, permissions, Throttle(), use)
