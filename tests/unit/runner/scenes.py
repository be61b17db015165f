"""One attempt on a real slot, with a scheduler in memory."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.unit.runner.faults import fill
from tests.unit.runner.slots import manifest, slot

from taskmanager.messages import Commit, Grant, Logged
from taskmanager.model.control import DesiredState
from taskmanager.model.jobs import JobSpec
from taskmanager_plugin_runner.attempt.attempt import Attempt
from taskmanager_plugin_runner.attempt.outcomes import AttemptOutcome
from taskmanager_plugin_runner.attempt.services import AttemptServices
from taskmanager_plugin_runner.attempt.transfer_limit import TransferLimit
from taskmanager_plugin_runner.messaging.leases import Leases
from taskmanager_plugin_runner.messaging.outbox import OutboxEvent
from taskmanager_plugin_runner.pipeline.places import Places
from taskmanager_plugin_runner.slot.process import SlotProcess

JOB = "0195e4a0-0000-7000-8000-000000000001"


class FakeScheduler:
    """Receives the events of an attempt and answers the query of the commit fence."""

    def __init__(self, answer: bool | None = True) -> None:
        self.answer = answer
        self.events: list[OutboxEvent] = []
        self.attempt: Attempt | None = None

    def put(self, event: OutboxEvent, _confirmed: Callable[[], None] | None = None) -> None:
        self.events.append(event)
        if isinstance(event, Commit) and self.answer is not None and self.attempt is not None:
            asyncio.get_running_loop().call_soon(self._reply)

    def _reply(self) -> None:
        assert self.attempt is not None
        self.attempt.on_verdict(allowed=bool(self.answer))

    def of(self, *kinds: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kinds)]

    def log(self) -> list[str]:
        return [line.text for block in self.of(Logged) for line in block.lines]


class Scene:
    def __init__(self, process: SlotProcess, fake_scheduler: FakeScheduler, around: AttemptServices) -> None:
        self.slot, self.fake_scheduler, self.around = process, fake_scheduler, around
        self.over: list[AttemptOutcome] = []
        self.looks = 0

    @property
    def attempt(self) -> Attempt:
        assert self.fake_scheduler.attempt is not None
        return self.fake_scheduler.attempt

    def start(self, plugin: str, **fields: Any) -> asyncio.Task[None]:
        spec = JobSpec(plugin=plugin, **fields)
        grant = Grant(claim_id="c", job=JOB, attempt=1, lease_seconds=60, spec=spec)
        self.fake_scheduler.attempt = Attempt(grant, self.slot, self.around)
        return asyncio.create_task(self.fake_scheduler.attempt.run(self.over.append))

    def interrupt(self, outcome: AttemptOutcome) -> None:
        self.attempt.interrupt(outcome)

    def want(self, desired: DesiredState | None) -> None:
        self.attempt.want(desired)


@asynccontextmanager
async def scene(
    plugin: str, folder: Path, *, answer: bool | None = True, **discipline: Any
) -> AsyncIterator[Scene]:
    """`discipline`: what the manifest says about pausing and the time allowed for ending."""
    async with slot(plugin, folder, upload_mode="copy") as (process, _):
        fake_scheduler = FakeScheduler(answer)
        leases = Leases(timedelta(seconds=5))
        around = AttemptServices(
            fake_scheduler, leases, TransferLimit(1, plugin), manifest(plugin, **discipline), Places(1)
        )
        yield Scene(process, fake_scheduler, around)


def paths(folder: Path) -> dict[str, str]:
    fill(folder / "in", {"a.tif": "a", "b.tif": "b"})
    return {"source": str(folder / "in"), "destination": str(folder / "out")}
