"""Jobs that start when the one before them is done, in whatever order things happen."""

from datetime import UTC, datetime, timedelta

import pytest

from taskmanager.messages import (
    Advanced,
    Claim,
    Command,
    Commit,
    Failed,
    Finished,
    JobCommand,
    RunnerEvents,
    Submissions,
    Submit,
)
from taskmanager.model.control import JobAction
from taskmanager.model.jobs import GoobiReference, Job, JobError, JobSpec
from taskmanager.model.reports import ReportKind
from taskmanager.model.states import Status
from taskmanager_scheduler.decisions.decision import Decision
from taskmanager_scheduler.decisions.group_state import decide
from taskmanager_scheduler.decisions.needs import needs_of
from taskmanager_scheduler.jobs.effects import SendTicket
from taskmanager_testing.store import MemoryStore

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
CHAIN = ("a", "b", "c")
PLUGINS = {"a": "jp2", "b": "ocr", "c": "pdf"}
ERROR = JobError(message="bad", kind="Test")


def links(**unique: str) -> list[Submit]:
    goobi = GoobiReference(process_id=1, step_id=2)
    return [
        Submit(
            job=job,
            client="test",
            submitted_at=BEGIN,
            spec=JobSpec(plugin=PLUGINS[job], goobi=goobi, unique=unique.get(job)),
            chain=CHAIN,
        )
        for job in CHAIN
    ]


class Scheduler:
    """Groups of messages folded over the store in memory, one after the other."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.now = BEGIN
        self.commands = 0

    async def take(self, *messages: RunnerEvents | Command | Submissions | Submit) -> list[str]:
        """The jobs for which tickets are sent."""
        self.now += timedelta(seconds=1)

        def decided(snapshot: object) -> Decision:
            return decide(messages, snapshot, self.now)  # type: ignore[arg-type]

        decision = await self.store.apply(needs_of(messages), decided)
        return [effect.job for effect in decision.effects if isinstance(effect, SendTicket)]

    async def submit(self, *submits: Submit) -> list[str]:
        return await self.take(Submissions(submissions=submits))

    async def command(self, job: str, action: JobAction) -> list[str]:
        self.commands += 1
        order = JobCommand(job=job, action=action)
        name = f"c-{self.commands}"
        return await self.take(Command(id=name, gateway="g", actor="anna", at=self.now, order=order))

    async def run(self, job: str, *, to: Finished | Failed | None = None) -> list[str]:
        """Start the job and let it end."""
        dispatch = self.store.jobs[job].dispatch
        attempt = self.store.jobs[job].attempt + 1
        end = to or Finished(job=job, attempt=attempt, seq=4, files=1, bytes=1)
        events = (
            Claim(job=job, dispatch=dispatch, claim_id=f"{job}-{attempt}"),
            Advanced(job=job, attempt=attempt, seq=1, status=Status.UPLOAD),
            Advanced(job=job, attempt=attempt, seq=2, status=Status.PROCESSING),
            Commit(job=job, attempt=attempt, seq=3),
            end.model_copy(update={"attempt": attempt}),
        )
        return await self.take(
            *(RunnerEvents(plugin=PLUGINS[job], runner="r", instance="i", events=(one,)) for one in events)
        )

    async def fail(self, job: str) -> list[str]:
        return await self.run(job, to=Failed(job=job, attempt=1, seq=4, crashed=False, error=ERROR))

    @property
    def states(self) -> str:
        return " ".join(self.store.jobs[job].status for job in CHAIN)

    def job(self, name: str) -> Job:
        return self.store.jobs[name]


@pytest.fixture
def scheduler() -> Scheduler:
    return Scheduler()


async def test_each_starts_when_the_one_before_it_is_done_and_the_last_closes_the_step(
    scheduler: Scheduler,
) -> None:
    assert await scheduler.submit(*links()) == ["a"]
    assert scheduler.states == "STARTED PAUSED PAUSED"
    assert await scheduler.run("a") == ["b"]
    assert scheduler.states == "DONE STARTED PAUSED"
    assert await scheduler.run("b") == ["c"]
    assert [report.kind for report in scheduler.store.reports.values()] == [ReportKind.ENTRY] * 2
    assert await scheduler.run("c") == []
    assert scheduler.states == "DONE DONE DONE"
    assert [report.kind for report in scheduler.store.reports.values()] == [
        *(ReportKind.ENTRY,) * 3,
        ReportKind.CLOSE_STEP,
    ]


async def test_a_failed_job_keeps_the_rest_waiting_until_it_is_done(scheduler: Scheduler) -> None:
    await scheduler.submit(*links())
    assert await scheduler.fail("a") == []
    assert scheduler.states == "ERROR PAUSED PAUSED"
    assert scheduler.job("b").rev == 1
    assert await scheduler.command("a", JobAction.RETRY) == ["a"]
    assert await scheduler.run("a") == ["b"]


async def test_what_is_delivered_twice_starts_nothing_twice(scheduler: Scheduler) -> None:
    await scheduler.submit(*links())
    await scheduler.submit(*links())
    await scheduler.run("a")
    finished = RunnerEvents(
        plugin="jp2",
        runner="r",
        instance="i",
        events=(Finished(job="a", attempt=1, seq=4, files=1, bytes=1),),
    )
    assert await scheduler.take(finished) == []
    assert await scheduler.submit(*links()) == []
    assert scheduler.job("b").dispatch == 2
    assert scheduler.states == "DONE STARTED PAUSED"


async def test_a_job_that_comes_when_the_one_before_it_is_done_starts_at_once(scheduler: Scheduler) -> None:
    first, second, third = links()
    await scheduler.submit(first)
    assert await scheduler.run("a") == []
    assert await scheduler.submit(second) == ["b"]
    assert await scheduler.submit(third) == []


async def test_an_operator_may_start_it_before_its_time(scheduler: Scheduler) -> None:
    await scheduler.submit(*links())
    await scheduler.fail("a")
    assert await scheduler.command("b", JobAction.RELEASE) == ["b"]
    assert await scheduler.run("b") == ["c"]
    await scheduler.command("a", JobAction.RETRY)
    assert await scheduler.run("a") == []
    assert scheduler.states == "DONE DONE STARTED"


async def test_a_held_one_stays_held_and_a_released_one_waits_again(scheduler: Scheduler) -> None:
    await scheduler.submit(*links())
    await scheduler.command("b", JobAction.HOLD)
    assert await scheduler.command("b", JobAction.RELEASE) == []
    assert (scheduler.job("b").status, scheduler.job("b").follows) == (Status.PAUSED, "a")
    await scheduler.command("b", JobAction.HOLD)
    assert await scheduler.run("a") == []
    assert scheduler.job("b").status is Status.PAUSED
    assert await scheduler.command("b", JobAction.RELEASE) == ["b"]


@pytest.mark.parametrize("done_before_the_retry", [False, True])
async def test_a_cancelled_one_that_is_retried_waits_for_what_is_not_done(
    scheduler: Scheduler, *, done_before_the_retry: bool
) -> None:
    await scheduler.submit(*links())
    await scheduler.command("b", JobAction.CANCEL)
    assert scheduler.states == "STARTED CANCELLED PAUSED"
    if done_before_the_retry:
        assert await scheduler.run("a") == []
        assert scheduler.states == "DONE CANCELLED PAUSED"
        assert await scheduler.command("b", JobAction.RETRY) == ["b"]
    else:
        assert await scheduler.command("b", JobAction.RETRY) == []
        assert scheduler.states == "STARTED PAUSED PAUSED"
        assert await scheduler.run("a") == ["b"]


async def test_a_chain_of_which_one_job_is_a_duplicate_is_cancelled_as_a_whole(scheduler: Scheduler) -> None:
    other = links(a="key")[0].model_copy(update={"job": "other", "chain": ()})
    await scheduler.submit(other)
    assert await scheduler.submit(*links(b="key")) == []
    assert scheduler.states == "CANCELLED CANCELLED CANCELLED"
    assert [entry.told.code for entry in scheduler.job("a").history] == ["history.duplicate"]


async def test_a_priority_is_kept_for_its_start(scheduler: Scheduler) -> None:
    await scheduler.submit(*links())
    await scheduler.command("b", JobAction.NEXT)
    assert await scheduler.run("a") == ["b"]
    assert scheduler.job("b").put_next is not None


async def test_the_history_tells_what_it_waited_for(scheduler: Scheduler) -> None:
    await scheduler.submit(*links())
    await scheduler.run("a")
    assert [entry.told.code for entry in scheduler.job("b").history] == [
        "history.accepted_behind",
        "history.followed",
    ]
