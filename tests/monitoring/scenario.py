"""What happens while Prometheus watches: jobs that succeed, fail, crash and wait, a Goobi that is down."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.conftest import System

from taskmanager_testing.goobi import RunningGoobi
from taskmanager_testing.waiting import eventually

API = "/api/v1"
PLUGINS = ("tally", "sleep", "fail", "crash")
SETTINGS = {"TASKMANAGER_SWEEP_SECONDS": "0.5", "TASKMANAGER_HEARTBEAT_SECONDS": "1"}
ALERTS = {
    ("TaskManagerFailureRatio", "fail"),
    ("TaskManagerCrashParked", "crash"),
    ("TaskManagerDrainForgotten", "crash"),
    ("TaskManagerPluginStoppedLong", "fail"),
}
"""What all of it gives reason for, with the plugin; most of them are waiting for their time to be over."""
OF_A_SLOW_MACHINE = frozenset({"TaskManagerBudgetBurn", "TaskManagerCommitSlow", "TaskManagerInboxBacklog"})
"""What other work on the same machine may give reason for."""
PAGES = 12
PAGE_BYTES = 200_000


class Scenario:
    """Things that can be made to happen; each may be repeated."""

    def __init__(self, system: System, goobi: RunningGoobi) -> None:
        """Work on this system, which tells this Goobi."""
        self._system, self._goobi = system, goobi
        self._steps = iter(
            (process.id, step.id)
            for process in goobi.goobi.workflow.processes.values()
            for step in process.steps[:1]
        )
        self._held: list[Path] = []

    def work(self, rounds: int = 1) -> None:
        """Jobs with input and output, for steps of Goobi, one after another; they find a free slot."""
        for _ in range(rounds):
            process, step = next(self._steps)
            masters = self._system.roots / str(process) / "masters"
            masters.mkdir(parents=True)
            for page in range(PAGES):
                (masters / f"{page:04}.tif").write_bytes(bytes(PAGE_BYTES))
            spec = {"source": str(masters), "destination": str(masters.with_name("media"))}
            job = self._system.submit(plugin="tally", goobi={"process_id": process, "step_id": step}, **spec)
            assert self._system.finished(job["id"])["status"] == "DONE"

    def failures(self) -> None:
        """Jobs that fail, and one that kills its process until it is parked."""
        failing = self._system.submit_many(8, plugin="fail")
        crashing = self._system.submit(plugin="crash")["id"]
        for job in (*failing, crashing):
            assert self._system.finished(job)["status"] == "ERROR"

    def burst(self, jobs: int) -> None:
        """More jobs than there are slots, each for a second or two: a queue that grows and is worked off."""
        self._system.submit_many(jobs, plugin="sleep", parameters={"seconds": 1.5})

    def queue(self, waiting: int = 4) -> None:
        """Two jobs that run until `release`, and some that wait for their slots."""
        until = self._system.roots / f"until-{len(self._held)}"
        self._held.append(until)
        spec = {"plugin": "sleep", "parameters": {"seconds": 600, "until": str(until)}}
        ids = self._system.submit_many(2 + waiting, **spec)
        eventually(lambda: self._status(ids[0]) == "PROCESSING", within_seconds=60, what="a running job")

    def release(self) -> None:
        """Let them end."""
        for until in self._held:
            until.touch()

    def cancel(self) -> None:
        """A running job of `sleep` is cancelled."""
        job = next(one for one in self._system.all_jobs("sleep") if one["status"] == "PROCESSING")["id"]
        self.tell(f"/jobs/{job}/cancel", reason="the wrong book")
        assert self._system.finished(job)["status"] == "CANCELLED"

    def operation(self) -> None:
        """All failed jobs of `fail` get another try at once, and fail again."""
        chosen = {"plugin": "fail", "tab": "error"}
        self.tell("/operations", action="retry", filter=chosen, reason="once more")

    def drain(self) -> None:
        """The runner of `crash` takes no jobs any more."""
        runners = self._system.client.get(f"{API}/runners").raise_for_status().json()["runners"]
        (name,) = [one["id"] for one in runners if one["plugin"] == "crash"]
        self.tell(f"/runners/{name}/drain", reason="a new disk")

    def stop_plugin(self) -> None:
        """`fail` is stopped, and a job of it waits."""
        self.tell("/plugins/fail/stop", reason="it fails")
        self._system.submit(plugin="fail")

    @contextmanager
    def goobi_down(self) -> Iterator[None]:
        """Goobi does not answer, and there is something to tell it."""
        self._goobi.stop()
        try:
            self.work()
            yield
        finally:
            self._goobi.start()

    def long_job(self) -> None:
        """A job that works long enough for its memory to be looked at, which happens twice a second."""
        job = self._system.submit(plugin="sleep", parameters={"seconds": 1.2})["id"]
        assert self._system.finished(job)["status"] == "DONE"

    @contextmanager
    def open_page(self) -> Iterator[None]:
        """Somebody looks at the live events."""
        with self._system.client.stream("GET", f"{API}/events") as answer:
            answer.raise_for_status()
            yield

    def wrong_requests(self) -> None:
        """A submission without a plugin, and one of a plugin that there is not."""
        for body in ({}, {"plugin": "nobody"}):
            answer = self._system.client.post(f"{API}/jobs", json=body)
            assert answer.is_client_error, answer.text

    def tell(self, path: str, **body: Any) -> None:
        """An operator's command."""
        self._system.client.post(f"{API}{path}", json=body).raise_for_status()

    def _status(self, job: str) -> str:
        return str(self._system.job(job)["status"])
