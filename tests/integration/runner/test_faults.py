"""What a runner does when something dies, hangs or is taken away. Real processes, a real broker."""

import asyncio
import json
import signal
import subprocess
import urllib.error
import urllib.request
from functools import partial
from pathlib import Path
from typing import Any

from tests.integration.runner.conftest import StartRunner
from tests.integration.runner.fake_scheduler import FakeScheduler
from tests.unit.runner.faults import attempts, fill, names, picture
from tests.unit.runner.slots import is_gone

from taskmanager.messages import Claim, Commit, HandedBack, Heartbeat, Hello
from taskmanager.model.states import Status
from taskmanager_local.commands import free_port
from taskmanager_local.servers import RunningServer


async def ended(process: subprocess.Popen[bytes]) -> int:
    return await asyncio.to_thread(process.wait, 30)


def number_in(path: Path) -> int | None:
    return int(path.read_text(encoding="ascii")) if path.exists() and path.stat().st_size else None


async def test_a_crash_of_the_job_is_reported_as_one_and_tried_again_until_it_is_parked(
    fake_scheduler: FakeScheduler, start_runner: StartRunner
) -> None:
    async with fake_scheduler.open("crash"):
        start_runner("crash")
        job = await fake_scheduler.ended(await fake_scheduler.submit("crash"))
        assert job.status is Status.ERROR
        assert job.attempt == 3
        assert job.error is not None
        assert "crashed 3 times in a row" in job.error.message
        assert "killed by SIGKILL" in job.error.message
        assert job.error.traceback == "last words"
        assert fake_scheduler.log_of(job.id) == ["last words"] * 3


async def test_a_killed_runner_that_comes_back_runs_its_jobs_again(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path
) -> None:
    go = roots / "go"
    async with fake_scheduler.open("sleep"):
        first = start_runner("sleep")
        job = await fake_scheduler.submit("sleep", {"seconds": 600, "until": str(go)})
        await fake_scheduler.until(lambda: fake_scheduler.status(job) is Status.PROCESSING)
        first.kill()
        await ended(first)
        fill(roots, {"go": ""})
        start_runner("sleep")
        assert (await fake_scheduler.ended(job)).attempt == 2


async def test_files_of_an_attempt_that_was_killed_are_numbered_anew_by_the_next(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path
) -> None:
    async with fake_scheduler.open("recording"):
        first = start_runner("recording")
        job = await fake_scheduler.submit(
            "recording", {"files": 3, "warnings": 5, "until": str(roots / "never")}
        )
        await fake_scheduler.until(lambda: len(fake_scheduler.files_of(job, attempt=1)) == 3)
        first.kill()
        await ended(first)
        start_runner("recording")
        done = await fake_scheduler.ended(job)

        assert (done.attempt, done.warnings) == (2, 5)
        files = fake_scheduler.files_of(job, attempt=2)
        assert {number: file.result_facts for number, file in files.items()} == {
            1: {"attempt": 2},
            2: {"attempt": 2},
        }


async def test_a_killed_runner_that_was_placing_puts_the_folder_back_before_its_hello(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path, tmp_path: Path
) -> None:
    fill(roots / "source", {"a.tif": "a"})
    destination = fill(roots / "result", {"a.tif": "old"})
    before = picture(roots)
    async with fake_scheduler.open("tally"):
        fake_scheduler.mute = lambda event: isinstance(event, Commit)
        first = start_runner("tally")
        job = await fake_scheduler.submit("tally", source=str(roots / "source"), destination=str(destination))
        await fake_scheduler.until(lambda: fake_scheduler.events(Commit, job))
        assert picture(roots) != before  # the stage is there
        first.kill()
        await ended(first)
        hellos = len(fake_scheduler.events(Hello))
        fake_scheduler.mute = lambda event: isinstance(event, Claim | Hello)
        start_runner("tally")
        await fake_scheduler.until(lambda: len(fake_scheduler.events(Hello)) > hellos)
        assert picture(roots) == before
        assert attempts(tmp_path / "workspace" / "r1") == []


async def test_sigterm_lets_a_short_job_end_and_hands_a_long_one_back(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path
) -> None:
    destination = fill(roots / "result", {"a": "old"})
    async with fake_scheduler.open("sleep"):
        runner = start_runner("sleep", "--slots", "2", DRAIN_SECONDS="2")
        short = await fake_scheduler.submit("sleep", {"seconds": 600, "until": str(roots / "go")})
        long = await fake_scheduler.submit("sleep", {"seconds": 600}, destination=str(destination))
        for job in (short, long):
            await fake_scheduler.until(partial(fake_scheduler.is_processing, job))
        runner.send_signal(signal.SIGTERM)
        fill(roots, {"go": ""})
        assert await ended(runner) == 0
        await fake_scheduler.until(lambda: fake_scheduler.events(HandedBack))
        assert [event.job for event in fake_scheduler.events(HandedBack)] == [long]
        assert fake_scheduler.status(short) is Status.DONE
        assert fake_scheduler.status(long) is Status.STARTED
        assert fake_scheduler.jobs[long].crashes == 0
    assert names(destination) == ["a"]


async def test_an_attempt_that_is_not_ours_any_more_is_killed_and_leaves_no_trace(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path
) -> None:
    note = roots / "pid"
    async with fake_scheduler.open("wild"):
        start_runner("wild", HEARTBEAT_SECONDS="0.2")
        job = await fake_scheduler.submit(
            "wild", {"deed": "hog", "note": str(note)}, destination=str(roots / "result")
        )
        await fake_scheduler.until(lambda: number_in(note))
        fake_scheduler.kill.add(job)
        await fake_scheduler.until(lambda: is_gone(number_in(note) or 0))
        await fake_scheduler.until(lambda: fake_scheduler.events(Heartbeat)[-1].running == ())
    assert names(roots) == ["pid"]


async def test_a_job_with_outside_effects_ends_before_its_lease_does(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path
) -> None:
    note = roots / "pid"
    async with fake_scheduler.open("wild"):
        fake_scheduler.lease_seconds = 8.0
        start_runner("wild", HEARTBEAT_SECONDS="0.5")
        job = await fake_scheduler.submit("wild", {"deed": "hog", "note": str(note)})
        await fake_scheduler.until(lambda: number_in(note))
        await fake_scheduler.until(lambda: len(fake_scheduler.events(Heartbeat)) > 3)
        fake_scheduler.mute = lambda event: isinstance(event, Heartbeat | HandedBack)
        await fake_scheduler.until(lambda: is_gone(number_in(note) or 0))
        await fake_scheduler.until(lambda: fake_scheduler.events(HandedBack, job))


async def test_nothing_is_placed_without_the_verdict_and_it_is_asked_for_until_it_comes(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path
) -> None:
    fill(roots / "source", {"a.tif": "a"})
    async with fake_scheduler.open("tally"):
        fake_scheduler.mute = lambda event: isinstance(event, Commit)
        start_runner("tally")
        job = await fake_scheduler.submit(
            "tally", source=str(roots / "source"), destination=str(roots / "result")
        )
        await fake_scheduler.until(lambda: len(fake_scheduler.events(Commit, job)) >= 2)
        assert not (roots / "result").exists()
        fake_scheduler.mute = lambda _: False
        await fake_scheduler.ended(job)
    assert names(roots / "result") == ["a.tif", "tally.txt"]


async def test_a_claim_without_an_answer_is_repeated_and_its_grant_still_counts(
    fake_scheduler: FakeScheduler, start_runner: StartRunner
) -> None:
    async with fake_scheduler.open("noop"):
        fake_scheduler.mute = lambda event: (
            isinstance(event, Claim) and len(fake_scheduler.claims_of(event.job)) < 2
        )
        start_runner("noop")
        job = await fake_scheduler.ended(await fake_scheduler.submit("noop"))
        assert job.attempt == 1
        assert len({claim.claim_id for claim in fake_scheduler.claims_of(job.id)}) == 1


async def test_a_stopped_plugin_starts_nothing_until_it_is_restarted(
    fake_scheduler: FakeScheduler, start_runner: StartRunner
) -> None:
    async with fake_scheduler.open("noop"):
        fake_scheduler.paused = True
        start_runner("noop", HEARTBEAT_SECONDS="0.2")
        job = await fake_scheduler.submit("noop")
        await fake_scheduler.until(lambda: len(fake_scheduler.events(Heartbeat)) > 3)
        assert fake_scheduler.claims_of(job) == []
        fake_scheduler.paused = False
        await fake_scheduler.ended(job)


async def test_running_jobs_outlive_a_broken_broker_and_report_afterwards(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path, rabbitmq: RunningServer
) -> None:
    async with fake_scheduler.open("sleep"):
        start_runner("sleep", HEARTBEAT_SECONDS="0.5")
        job = await fake_scheduler.submit("sleep", {"seconds": 600, "until": str(roots / "go")})
        await fake_scheduler.until(lambda: fake_scheduler.status(job) is Status.PROCESSING)
        hellos = len(fake_scheduler.events(Hello))
        # RabbitMQ 3.10 loses queues when it is killed within seconds of their declaration.
        await fake_scheduler.until(lambda: len(fake_scheduler.events(Heartbeat)) > 20)
        rabbitmq.kill()
        fill(roots, {"go": ""})
        rabbitmq.restart()  # not in another thread: the broker ends with the thread that started it
        done = await fake_scheduler.ended(job, 60)
        assert done.attempt == 1
        await fake_scheduler.until(lambda: len(fake_scheduler.events(Hello)) > hellos)
        await fake_scheduler.ended(await fake_scheduler.submit("sleep", {"seconds": 0}))


async def test_what_a_plugin_prints_and_logs_reaches_the_log_of_the_job(
    fake_scheduler: FakeScheduler, start_runner: StartRunner
) -> None:
    async with fake_scheduler.open("wild"):
        start_runner("wild")
        printed = await fake_scheduler.ended(await fake_scheduler.submit("wild", {"deed": "print"}))
        assert fake_scheduler.log_of(printed.id) == ["printed line", "bytes \N{REPLACEMENT CHARACTER}"]
        flood = await fake_scheduler.ended(await fake_scheduler.submit("wild", {"deed": "log"}))
        lines = fake_scheduler.log_of(flood.id)
        assert len(lines) == 2001
        assert "more than 2000 lines" in lines[-1]


async def test_health_says_what_is_missing_and_when_nothing_is(
    fake_scheduler: FakeScheduler, start_runner: StartRunner
) -> None:
    port = free_port()
    async with fake_scheduler.open("noop"):
        fake_scheduler.mute = lambda event: isinstance(event, Hello | Heartbeat)
        start_runner("noop", HTTP_PORT=str(port), HEARTBEAT_SECONDS="0.2")
        await fake_scheduler.until(lambda: fake_scheduler.events(Hello))
        _, answer = await asyncio.to_thread(get, port, "/health/ready")
        assert answer["problems"]["runner"] == "no orders from the scheduler yet"
        fake_scheduler.mute = lambda _: False
        while (await asyncio.to_thread(get, port, "/health/ready"))[0] != 200:
            await fake_scheduler.until(lambda: True)
        assert (await asyncio.to_thread(get, port, "/health/live"))[0] == 200


def get(port: int, path: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


async def test_a_second_runner_of_the_same_name_is_told_so(
    fake_scheduler: FakeScheduler, start_runner: StartRunner
) -> None:
    async with fake_scheduler.open("noop"):
        start_runner("noop")
        await fake_scheduler.until(lambda: fake_scheduler.events(Hello))
        second = start_runner("noop")
        assert await ended(second) == 1
