"""How quickly commands take effect: cancelling a job, stopping a plugin, recovery of a killed runner."""

import time
from collections.abc import Iterator
from pathlib import Path

import psutil
from tests.bench.parts import Bench
from tests.bench.report.figures import Figure, at_most, figure, percentile
from tests.bench.stage.load import post, send_all
from tests.bench.stage.notes import note, notes_folder
from tests.bench.stage.system import System, running_system

from taskmanager_testing.waiting import eventually

SLOTS = 2
CANCELS = 10
STOP_SLOTS = 8
BACKLOG = 1_000
STARTED = 100
SECOND = 1e9
"""In nanoseconds."""


def measure(bench: Bench) -> Iterator[Figure]:
    """Measure cancel and recovery with jobs that never end, and the stop with jobs that end at once."""
    with running_system(bench.servers, bench.folder, slots={"linger": SLOTS}) as system:
        folder = notes_folder(system)
        cancels = [_cancel(system, folder) for _ in range(CANCELS * bench.rounds)]
        returns = [_return(system, folder) for _ in range(bench.rounds)]
    yield figure("cancel_p50", percentile(cancels, 50), "s")
    yield figure("cancel_p99", percentile(cancels, 99), "s", at_most(1))
    yield figure("runner_killed_until_its_jobs_run", returns, "s", at_most(5))
    with running_system(bench.servers, bench.folder, slots={"stamp": STOP_SLOTS}) as system:
        stops = [_stop(system) for _ in range(bench.rounds)]
    yield figure("stop_until_last_start", stops, "ms", at_most(100))


def _linger(system: System, folder: Path) -> str:
    body = {"plugin": "linger", "parameters": {"notes": str(folder)}}
    return str(system.ask("POST", "/jobs", body)["id"])


def _running(folder: Path, job: str, attempt: int = 1) -> tuple[int, int]:
    """When the attempt began and its tool's process id, once it has begun."""
    began, tool = eventually(
        lambda: note(folder, job, attempt), within_seconds=60, what=f"attempt {attempt} of {job} runs"
    )
    return began, tool


def _cancel(system: System, folder: Path) -> float:
    """Seconds from the request to the end of the job's processes and its status CANCELLED."""
    job = _linger(system, folder)
    _, tool = _running(folder, job)
    asked = time.perf_counter()
    system.ask("POST", f"/jobs/{job}/cancel")
    while psutil.pid_exists(tool) or _status(system, job) != "CANCELLED":
        if time.perf_counter() - asked > 60:
            raise RuntimeError(f"job {job} was not cancelled within a minute")
    return time.perf_counter() - asked


def _status(system: System, job: str) -> str:
    return str(system.ask("GET", f"/jobs/{job}")["status"])


def _return(system: System, folder: Path) -> float:
    """Seconds from SIGKILL, with the runner started again at once, until all its jobs run again."""
    jobs = [_linger(system, folder) for _ in range(SLOTS)]
    for job in jobs:
        _running(folder, job)
    runner = system.services["runner-linger"]
    killed = time.time_ns()
    runner.kill()
    runner.start()
    again = max(_running(folder, job, attempt=2)[0] for job in jobs)
    system.wait_until_ready()
    for job in jobs:
        system.ask("POST", f"/jobs/{job}/cancel")
    eventually(
        lambda: all(_status(system, job) == "CANCELLED" for job in jobs), what="the jobs are cancelled"
    )
    return (again - killed) / SECOND


def _stop(system: System) -> float:
    """Milliseconds from the request to the last start of a job, with many waiting; 0 if that was before."""
    folder = notes_folder(system)
    for old in folder.iterdir():
        old.unlink()
    body = {"plugin": "stamp", "parameters": {"notes": str(folder)}}
    before = system.done("stamp")
    send_all(system.port, [post("/api/v1/jobs/batch", {"jobs": [body] * BACKLOG})], 1)
    eventually(lambda: len(list(folder.iterdir())) > STARTED, what="jobs run")
    asked = time.time_ns()
    system.ask("POST", "/plugins/stamp/stop", {"reason": "measured"})
    eventually(
        lambda: system.ask("GET", "/plugins/stamp")["state"] == "stopped", what="the plugin is stopped"
    )
    last = max(_times(folder))
    system.ask("POST", "/plugins/stamp/restart")
    eventually(
        lambda: system.done("stamp") == before + BACKLOG,
        within_seconds=60,
        what="the rest of the jobs is done",
    )
    return max(0.0, (last - asked) / SECOND * 1000)


def _times(folder: Path) -> Iterator[int]:
    for file in folder.glob("*.1"):
        if not file.name.startswith("."):
            yield int(file.read_text(encoding="ascii"))
