"""A real runner is drained by an operator: it takes no job, ends or hands back what it has, and stays."""

import subprocess
import urllib.request
from pathlib import Path

from tests.integration.runner.conftest import StartRunner
from tests.integration.runner.desk import Desk
from tests.unit.runner.faults import fill, names

from taskmanager.messages import Claim, HandedBack, Hello
from taskmanager.model.states import Status
from taskmanager_local.commands import free_port

QUIET = {"HEARTBEAT_SECONDS": "30"}
"""Whatever happens in the time of a test happens because the runner was told to ask."""


def read(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return str(answer.read().decode())


def is_drained(port: int) -> bool:
    return 'taskmanager_runner_draining{plugin="sleep"} 1.0' in read(port, "/metrics")


async def working(desk: Desk, go: Path) -> str:
    job = await desk.submit("sleep", {"seconds": 600, "until": str(go)})
    await desk.until(lambda: desk.is_processing(job))
    return job


async def test_a_drained_runner_ends_its_job_and_takes_none_until_it_is_resumed(
    desk: Desk, start_runner: StartRunner, roots: Path
) -> None:
    port = free_port()
    async with desk.open("sleep"):
        start_runner("sleep", "--slots", "2", HTTP_PORT=str(port), **QUIET)
        job = await working(desk, roots / "go")
        await desk.drain()
        await desk.until(lambda: is_drained(port))
        claims = len(desk.events(Claim))
        fill(roots, {"go": ""})
        assert (await desk.ended(job)).status is Status.DONE
        waiting = await desk.submit("sleep", {"seconds": 0})
        await desk.until(lambda: desk.status(waiting) is Status.STARTED)
        assert "ready" in read(port, "/health/ready")
        assert len(desk.events(Claim)) == claims
        await desk.drain(wanted=False)
        assert (await desk.ended(waiting)).status is Status.DONE
        assert not is_drained(port)


async def test_what_does_not_end_in_time_is_handed_back_unfailed(
    desk: Desk, start_runner: StartRunner, roots: Path
) -> None:
    async with desk.open("sleep"):
        runner = start_runner("sleep", **QUIET)
        destination = str(roots / "result")
        job = await desk.submit(
            "sleep", {"seconds": 600, "until": str(roots / "go")}, destination=destination
        )
        await desk.until(lambda: desk.is_processing(job))
        await desk.drain(hand_back_seconds=0.5)
        await desk.until(lambda: desk.events(HandedBack, job))
        await desk.until(lambda: desk.status(job) is Status.STARTED)
        assert (desk.jobs[job].crashes, desk.jobs[job].failures) == (0, 0)
        assert names(roots) == []
        assert runner.poll() is None
        fill(roots, {"go": ""})
        await desk.drain(wanted=False)
        done = await desk.ended(job)
        assert (done.status, done.attempt) == (Status.DONE, 2)


async def test_a_resume_in_the_time_of_grace_lets_the_job_go_on(
    desk: Desk, start_runner: StartRunner, roots: Path
) -> None:
    port = free_port()
    async with desk.open("sleep"):
        start_runner("sleep", HTTP_PORT=str(port), **QUIET)
        job = await working(desk, roots / "go")
        await desk.drain(hand_back_seconds=600)
        await desk.until(lambda: is_drained(port))
        await desk.drain(wanted=False)
        await desk.until(lambda: not is_drained(port))
        fill(roots, {"go": ""})
        done = await desk.ended(job)
        assert (done.status, done.attempt) == (Status.DONE, 1)


async def test_a_runner_that_is_started_while_it_is_drained_claims_nothing(
    desk: Desk, start_runner: StartRunner
) -> None:
    port = free_port()
    async with desk.open("sleep"):
        desk.draining = True
        job = await desk.submit("sleep", {"seconds": 0})
        process: subprocess.Popen[bytes] = start_runner("sleep", HTTP_PORT=str(port), **QUIET)
        await desk.until(lambda: desk.events(Hello))
        await desk.until(lambda: is_drained(port))
        assert process.poll() is None
        assert desk.claims_of(job) == []
        await desk.drain(wanted=False)
        await desk.ended(job)
