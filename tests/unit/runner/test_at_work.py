"""Claims, bunches and a real slot together: what is granted is done once, or returned unbegun."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from tests.unit.runner.slots import manifest, options, until
from tests.unit.runner.test_claims import Box

from taskmanager.messages import Failed, Finished, Grant, Ticket, Unclaimed
from taskmanager.model.jobs import JobSpec
from taskmanager_plugin_runner.at_work import bunch as module
from taskmanager_plugin_runner.at_work.at_work import AtWork
from taskmanager_plugin_runner.attempt.services import AttemptServices
from taskmanager_plugin_runner.attempt.transfer_limit import TransferLimit
from taskmanager_plugin_runner.clock import elapsed_seconds
from taskmanager_plugin_runner.messaging.claims import Claims, Patience
from taskmanager_plugin_runner.messaging.horizon import Horizon
from taskmanager_plugin_runner.messaging.leases import Leases
from taskmanager_plugin_runner.pipeline.capacity import Capacity
from taskmanager_plugin_runner.pipeline.places import Places
from taskmanager_plugin_runner.slot.process import SlotProcess
from taskmanager_testing.lanes import FakeLanes

ROOM = 16
LONG = timedelta(seconds=30)


class Whole:
    """All of a runner that concerns its slot, with the broker and the scheduler in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.box, self.lanes = folder, Box(), FakeLanes()
        services = AttemptServices(
            self.box,
            Leases(timedelta(seconds=5)),
            TransferLimit(1, "brisk"),
            manifest("brisk", grace_seconds=2),
            Places(1),
        )
        horizon = Horizon(1, ROOM, LONG)
        horizon.ended(0.0, elapsed_seconds())
        assert horizon.room(0.0, elapsed_seconds()) == ROOM
        self.at_work = AtWork([SlotProcess(0, options("brisk", folder))], "brisk", services, horizon)
        capacity = Capacity(services.places, services.pace, lambda: self.at_work.all)
        self.claims = Claims(self.lanes, self.box, self.at_work, capacity, Patience(LONG, LONG), "brisk")
        self.at_work.on_cut = self.claims.over
        self.claims.admit(wanted=True)
        self.claims.look_ahead(ROOM)

    def grant(self, *deeds: str) -> None:
        """Grant jobs with these deeds, `job-1` and so on, in one message."""
        parameters = {"diary": str(self.folder / "diary"), "until": str(self.folder / "go")}
        with self.claims.gathering():
            for number, deed in enumerate(deeds, 1):
                self.lanes.put(Ticket(job=f"job-{number}", dispatch=1).encode(), priority=5)
                claim = self.box.claims[-1]
                spec = JobSpec(plugin="brisk", parameters={**parameters, "deed": deed})
                self.claims.on_grant(
                    Grant(claim_id=claim.claim_id, job=claim.job, attempt=1, lease_seconds=60, spec=spec)
                )

    def named(self, kind: type[Finished | Failed | Unclaimed]) -> list[str]:
        return [event.job for event in self.box.events if isinstance(event, kind)]

    @property
    def ran(self) -> list[str]:
        diary = self.folder / "diary"
        return diary.read_text(encoding="ascii").split() if diary.exists() else []


@asynccontextmanager
async def whole(folder: Path) -> AsyncIterator[Whole]:
    made = Whole(folder)
    tending = [asyncio.create_task(one) for one in made.at_work.slots.tend(made.claims)]
    await until(lambda: made.claims.free_slots)
    try:
        yield made
    finally:
        for task in tending:
            task.cancel()
        await made.at_work.slots.stop(timedelta(seconds=10))


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is cut or returned because the machine is slow."""
    monkeypatch.setattr(module, "LONGEST", LONG)


@pytest.mark.parametrize("odd", ["print", "fail", "crash", "write"])
async def test_each_job_is_done_once_whatever_the_others_do(tmp_path: Path, odd: str) -> None:
    async with whole(tmp_path) as made:
        deeds = ["nothing", "log", odd, "nothing", odd, odd, "nothing"]
        made.grant(*deeds)
        await until(lambda: len(made.named(Finished)) + len(made.named(Failed)) == len(deeds))
        jobs = [f"job-{number}" for number in range(1, len(deeds) + 1)]
        assert made.ran == jobs
        assert sorted(made.named(Finished) + made.named(Failed)) == jobs
        failed = [job for job, deed in zip(jobs, deeds, strict=True) if deed in {"fail", "crash"}]
        assert made.named(Failed) == failed
        await until(lambda: made.claims.free_slots)
        assert made.lanes.unacknowledged == 0
        assert made.claims.ahead == ()
        assert made.at_work.all == ()


async def test_after_a_stop_only_the_job_at_work_goes_on_and_all_others_are_returned(tmp_path: Path) -> None:
    async with whole(tmp_path) as made:
        made.grant("nothing", "wait", "nothing", "nothing")
        await until(lambda: len(made.ran) == 2)
        made.claims.freeze()
        made.at_work.cut()
        assert [one.job for one in made.at_work.references] == ["job-2"]
        made.claims.admit(wanted=False)
        assert made.named(Unclaimed) == ["job-3", "job-4"]
        (tmp_path / "go").touch()
        await until(lambda: made.claims.free_slots)
        assert made.named(Finished) == made.ran == ["job-1", "job-2"]
        made.box.confirm()
        assert len(made.lanes.returned) == 2
        assert made.lanes.unacknowledged == 0
