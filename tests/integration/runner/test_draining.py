"""A real runner is drained by an operator: it takes no job, ends or hands back what it has, and stays."""

import subprocess
import urllib.request
from pathlib import Path

from tests.integration.runner.conftest import StartRunner
from tests.integration.runner.fake_scheduler import FakeScheduler
from tests.unit.runner.faults import fill, names

from taskmanager.messages import Claim, HandedBack, Hello
from taskmanager.model.states import Status
from taskmanager_local.commands import free_port

QUIET = {"HEARTBEAT_SECONDS": "30"}
"""Whatever happens in the time of a test happens because the runner was told to ask."""


def read(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
        return str(answer.read().decode())


def is_drained(port: int) -> bool:
    return 'taskmanager_runner_draining{plugin="sleep"} 1.0' in read(port, "/metrics")


async def working(fake_scheduler: FakeScheduler, go: Path) -> str:
    job = await fake_scheduler.submit("sleep", {"seconds": 600, "until": str(go)})
    await fake_scheduler.until(lambda: fake_scheduler.is_processing(job))
    return job


async def test_a_drained_runner_ends_its_job_and_takes_none_until_it_is_resumed(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path
) -> None:
    port = free_port()
    async with fake_scheduler.open("sleep"):
        start_runner("sleep", "--slots", "2", HTTP_PORT=str(port), **QUIET)
        job = await working(fake_scheduler, roots / "go")
        await fake_scheduler.drain()
        await fake_scheduler.until(lambda: is_drained(port))
        claims = len(fake_scheduler.events(Claim))
        fill(roots, {"go": ""})
        assert (await fake_scheduler.ended(job)).status is Status.DONE
        waiting = await fake_scheduler.submit("sleep", {"seconds": 0})
        await fake_scheduler.until(lambda: fake_scheduler.status(waiting) is Status.STARTED)
        assert "ready" in read(port, "/health/ready")
        assert len(fake_scheduler.events(Claim)) == claims
        await fake_scheduler.drain(wanted=False)
        assert (await fake_scheduler.ended(waiting)).status is Status.DONE
        assert not is_drained(port)


async def test_what_does_not_end_in_time_is_handed_back_unfailed(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path
) -> None:
    async with fake_scheduler.open("sleep"):
        runner = start_runner("sleep", **QUIET)
        destination = str(roots / "result")
        job = await fake_scheduler.submit(
            "sleep", {"seconds": 600, "until": str(roots / "go")}, destination=destination
        )
        await fake_scheduler.until(lambda: fake_scheduler.is_processing(job))
        await fake_scheduler.drain(hand_back_seconds=0.5)
        await fake_scheduler.until(lambda: fake_scheduler.events(HandedBack, job))
        await fake_scheduler.until(lambda: fake_scheduler.status(job) is Status.STARTED)
        assert (fake_scheduler.jobs[job].crashes, fake_scheduler.jobs[job].failures) == (0, 0)
        assert names(roots) == []
        assert runner.poll() is None
        fill(roots, {"go": ""})
        await fake_scheduler.drain(wanted=False)
        done = await fake_scheduler.ended(job)
        assert (done.status, done.attempt) == (Status.DONE, 2)


async def test_a_resume_in_the_time_of_grace_lets_the_job_go_on(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path
) -> None:
    port = free_port()
    async with fake_scheduler.open("sleep"):
        start_runner("sleep", HTTP_PORT=str(port), **QUIET)
        job = await working(fake_scheduler, roots / "go")
        await fake_scheduler.drain(hand_back_seconds=600)
        await fake_scheduler.until(lambda: is_drained(port))
        await fake_scheduler.drain(wanted=False)
        await fake_scheduler.until(lambda: not is_drained(port))
        fill(roots, {"go": ""})
        done = await fake_scheduler.ended(job)
        assert (done.status, done.attempt) == (Status.DONE, 1)


async def test_a_runner_that_is_started_while_it_is_drained_claims_nothing(
    fake_scheduler: FakeScheduler, start_runner: StartRunner
) -> None:
    port = free_port()
    async with fake_scheduler.open("sleep"):
        fake_scheduler.draining = True
        job = await fake_scheduler.submit("sleep", {"seconds": 0})
        process: subprocess.Popen[bytes] = start_runner("sleep", HTTP_PORT=str(port), **QUIET)
        await fake_scheduler.until(lambda: fake_scheduler.events(Hello))
        await fake_scheduler.until(lambda: is_drained(port))
        assert process.poll() is None
        assert fake_scheduler.claims_of(job) == []
        await fake_scheduler.drain(wanted=False)
        await fake_scheduler.ended(job)
