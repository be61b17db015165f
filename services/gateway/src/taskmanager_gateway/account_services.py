"""The services for access and accounts of one gateway: put together once, wired by `services`."""

import asyncio
from dataclasses import dataclass

from taskmanager.messages.topology import Topology
from taskmanager.ports.broker import Publisher
from taskmanager.ports.clock import Clock
from taskmanager.ports.readers import AccessReader
from taskmanager_gateway.access.authenticator import Authenticator
from taskmanager_gateway.access.directory import Directory
from taskmanager_gateway.access.renewal import Renewal
from taskmanager_gateway.access.session_use import SessionUses
from taskmanager_gateway.access.settings import AccessMode, AccessSettings
from taskmanager_gateway.access.token_use import TokenUse
from taskmanager_gateway.accounts.log_in import LogInService
from taskmanager_gateway.accounts.log_in_records import LogInRecords
from taskmanager_gateway.accounts.log_in_throttle import Throttle
from taskmanager_gateway.accounts.oidc.log_in import Oidc, make_oidc
from taskmanager_gateway.accounts.oidc.provisioning import UserProvisioning
from taskmanager_gateway.accounts.second_factor.relying_party import relying_party
from taskmanager_gateway.accounts.second_factor.second_factors import SecondFactors
from taskmanager_gateway.accounts.second_factor.security_keys import SecurityKeys
from taskmanager_gateway.accounts.session_list.own_sessions import OwnSessions
from taskmanager_gateway.accounts.users_and_tokens import Accounts
from taskmanager_gateway.commands.permissions import Permissions
from taskmanager_gateway.commands.service import CommandService


@dataclass(frozen=True, slots=True)
class AccessServices:
    """Everything this gateway needs for access and accounts."""

    settings: AccessSettings
    reader: AccessReader
    directory: Directory
    proving: Authenticator
    permissions: Permissions
    throttle: Throttle
    use: TokenUse
    session_use: SessionUses
    records: LogInRecords
    renewal: Renewal
    log_in: LogInService
    second_factors: SecondFactors
    security_keys: SecurityKeys
    sessions: OwnSessions
    accounts: Accounts
    oidc: Oidc | None

    @property
    def off(self) -> bool:
        """Whether anyone may do anything; every page says so."""
        return self.settings.access is AccessMode.OFF

    async def run(self, stop: asyncio.Event) -> None:
        """Report to the scheduler who logged in, and which tokens and sessions were used."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.use.run(stop))
            group.create_task(self.session_use.run(stop))
            group.create_task(self.records.run(stop))


def make_access_services(  # noqa: PLR0913 - wiring
    settings: AccessSettings,
    reader: AccessReader,
    permissions: Permissions,
    commanding: CommandService,
    *,
    publisher: Publisher,
    topology: Topology,
    clock: Clock,
) -> AccessServices:
    """Wire the services."""
    directory, use = Directory(reader), TokenUse(publisher, topology)
    session_use = SessionUses(settings, publisher, topology, clock)
    proving = Authenticator(settings, directory, use, session_use, clock)
    throttle = Throttle()
    records = LogInRecords(publisher, topology, clock)
    log_in = LogInService(settings, reader, commanding, throttle, records, clock=clock)
    keys = SecurityKeys(relying_party(settings.public_url), directory, commanding, log_in)
    return AccessServices(
        settings=settings,
        reader=reader,
        directory=directory,
        proving=proving,
        permissions=permissions,
        throttle=throttle,
        use=use,
        session_use=session_use,
        records=records,
        renewal=Renewal(settings, clock),
        log_in=log_in,
        second_factors=SecondFactors(directory, commanding, log_in, keys, throttle, records, clock=clock),
        security_keys=keys,
        sessions=OwnSessions(settings, reader, directory, commanding, clock),
        accounts=Accounts(reader, commanding, log_in),
        oidc=make_oidc(settings, UserProvisioning(log_in, commanding, directory), directory),
    )
