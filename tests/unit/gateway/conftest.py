"""A whole gateway over fakes, reached through HTTP without a server."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher

from taskmanager.accounts import passwords
from taskmanager.messages import Command, CommandOutcome, CommandResult, Submissions, Submit
from taskmanager.model.control import Stop
from taskmanager.model.jobs import Attribution, Job, JobSpec
from taskmanager.model.manifest import Need, PluginManifest
from taskmanager.model.registry import InstalledPlugin
from taskmanager.model.states import Status
from taskmanager.ports.broker import Delivery
from taskmanager.process.clock import SystemClock
from taskmanager_gateway.access.settings import AccessMode
from taskmanager_gateway.app import make_app
from taskmanager_gateway.services import Services, make_services
from taskmanager_gateway.settings import GatewaySettings
from taskmanager_testing.access import FakeAccess
from taskmanager_testing.publisher import FakePublisher, Published
from taskmanager_testing.reader import FakeReader
from taskmanager_testing.waiting import eventually_async

PARAMETERS = {
    "type": "object",
    "properties": {"rate": {"type": "integer", "minimum": 1}, "name": {"type": "string"}},
    "additionalProperties": False,
}
MOMENT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
"""The same kind of hash at a thousandth of the cost: a tenth of a second for each of hundreds of
log-ins would be a minute."""


def manifest(name: str, **fields: Any) -> PluginManifest:
    return PluginManifest(name=name, title=name.title(), job_type=name.upper(), **fields)


def installed(name: str, *, accepting: bool = True, paused: bool = False, **fields: Any) -> InstalledPlugin:
    return InstalledPlugin(
        manifest=manifest(name, **fields),
        installed_at=MOMENT,
        refused=None if accepting else Attribution(by="anna", at=MOMENT),
        stop=Stop(by="anna", at=MOMENT) if paused else None,
    )


def job(number: int, plugin: str = "noop", status: Status = Status.STARTED, **fields: Any) -> Job:
    spec = {name: fields.pop(name) for name in list(fields) if name in JobSpec.model_fields}
    made = {"created": MOMENT, "queued_at": MOMENT, "priority": spec.get("priority", 5), **fields}
    return Job(
        id=f"00000000-0000-4000-8000-{number:012}",
        spec=JobSpec(plugin=plugin, **spec),
        client="anonymous",
        status=status,
        **made,
    )


@dataclass
class Scheduler:
    """Receives commands and answers each as the test wants, to the gateway that sent it."""

    commands: list[Command] = field(default_factory=list)
    outcome: CommandOutcome = "done"
    detail: str = ""
    silent: bool = False
    obey: Callable[[Command], CommandResult | None] = lambda _: None
    """What a command does to the store, and the answer to it unless the test sets one."""

    def hear(self, body: bytes) -> CommandResult | None:
        command = Command.model_validate_json(body)
        self.commands.append(command)
        if self.silent:
            return None
        answer = self.obey(command)
        return answer or CommandResult(id=command.id, outcome=self.outcome, detail=self.detail)


@dataclass
class Gateway:
    """One gateway under test."""

    client: httpx.AsyncClient
    services: Services
    reader: FakeReader
    publisher: FakePublisher
    scheduler: Scheduler
    stopping: asyncio.Event

    async def submit(self, **fields: Any) -> httpx.Response:
        return await self.client.post("/api/v1/jobs", json={"plugin": "noop", **fields})

    def submitted(self) -> list[Submit]:
        messages = [Submissions.model_validate_json(message.body) for message in self.publisher.messages]
        return [submit for message in messages for submit in message.submissions]


def make_gateway(
    reader: FakeReader,
    publisher: FakePublisher,
    scheduler: Scheduler,
    settings: GatewaySettings,
    access: FakeAccess | None = None,
) -> Gateway:
    stopping = asyncio.Event()
    services = make_services(
        settings,
        reader,
        access or FakeAccess(),
        publisher,
        SystemClock(),
        gateway_id="g-1",
        stopping=stopping,
        checks={},
    )
    client = httpx.AsyncClient(transport=httpx.ASGITransport(make_app(services)), base_url="http://gateway")
    return Gateway(client, services, reader, publisher, scheduler, stopping)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that other tasks of this event loop cause."""

    async def look() -> bool:
        return condition()

    await eventually_async(look)


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a hash is to cost is checked in `tests/unit/accounts/test_passwords.py`."""
    monkeypatch.setattr(passwords, "_HASHER", CHEAP)


@pytest.fixture
def roots(tmp_path: Path) -> Path:
    folder = tmp_path / "roots"
    folder.mkdir()
    return folder


@pytest.fixture
def settings(roots: Path) -> GatewaySettings:
    return GatewaySettings(roots=str(roots), access=AccessMode.OFF, event_queue_limit=3, batch_limit=50)


@pytest.fixture
def reader() -> FakeReader:
    made = FakeReader()
    made.install(installed("noop", source=Need.OPTIONAL, destination=Need.OPTIONAL))
    made.install(
        installed("jp2", templates=("fast", "lossless"), template_default="fast", parameters=PARAMETERS)
    )
    made.install(installed("bare", source=Need.UNUSED, destination=Need.UNUSED))
    made.install(installed("closed", accepting=False))
    return made


@pytest.fixture
def access() -> FakeAccess:
    """Users, tokens and sessions; authentication is off unless a test's settings require it."""
    return FakeAccess()


@pytest.fixture
async def _gateways(
    request: pytest.FixtureRequest, reader: FakeReader, settings: GatewaySettings, access: FakeAccess
) -> AsyncIterator[Sequence[Gateway]]:
    """Gateways on one broker and one store; each receives what any publishes. Most tests need only one."""
    all_of_them: list[Gateway] = []
    scheduler = Scheduler()

    def spread(message: Published) -> None:
        if message.exchange == settings.topology.submit:
            for gateway in all_of_them:
                gateway.services.feed.on_delivery(Delivery(message.body, message.key, tag=1, generation=1))
        elif b'"type":"command"' in message.body and (result := scheduler.hear(message.body)):
            for gateway in all_of_them:
                gateway.services.feed.take(result.encode())

    publisher = FakePublisher(spread)
    wanted = 2 if "gateways" in request.fixturenames else 1
    all_of_them += [make_gateway(reader, publisher, scheduler, settings, access) for _ in range(wanted)]
    for gateway in all_of_them:
        await gateway.services.catalogue.run_once()
    yield all_of_them
    for gateway in all_of_them:
        gateway.services.paths.close()
        gateway.services.pictures.close()
        gateway.services.access.log_in.close()
        await gateway.client.aclose()


@pytest.fixture
async def gateways(_gateways: Sequence[Gateway]) -> tuple[Gateway, Gateway]:
    """Two gateways; `gateway` is the first."""
    return _gateways[0], _gateways[1]


@pytest.fixture
async def gateway(_gateways: Sequence[Gateway]) -> Gateway:
    return _gateways[0]
