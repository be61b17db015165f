"""Steps of a fake Goobi whose scripts call `taskclient`, and their state afterwards."""

import itertools
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from tests.e2e.conftest import System
from tests.taskclient import PROGRAM

from taskmanager_testing.goobi import (
    TOKEN,
    EventKind,
    JournalEntry,
    Process,
    RunningGoobi,
    Scripts,
    Step,
    StepStatus,
)
from taskmanager_testing.waiting import eventually

PAGES = ("1.txt", "2.txt")
CLIENT = f'"{sys.executable}" "{PROGRAM}"'
WHERE = '-gid {processid} -i {stepid} -T "{processtitle}" -e'
FOLDERS = "-s {origpath} -d {tifpath}"
DIALECTS = ("core", "rest", "webapi")
TOLD = frozenset(
    {EventKind.JOURNAL, EventKind.CLOSED, EventKind.CLOSED_AGAIN, EventKind.ERROR, EventKind.CALLBACK}
)
"""What a report causes in Goobi."""


def settings_file(folder: Path, url: str) -> Path:
    """The file for `TASKMANAGER_GOOBI`: the same Goobi once in each dialect, with short waits."""
    token = folder / "token"
    token.write_text(TOKEN, encoding="ascii")
    tables = [
        f'[installations.{dialect}]\ndialect = "{dialect}"\nurl = "{url}/goobi"\ntoken_file = "{token}"\n'
        f"longest_wait_seconds = 0.5\ntimeout_seconds = 5\nconnect_timeout_seconds = 2\n"
        for dialect in DIALECTS
    ]
    file = folder / "goobi.toml"
    file.write_text("\n".join(['default = "core"', *tables]), encoding="utf-8")
    return file


@dataclass
class Steps:
    """The first steps of successive processes."""

    system: System
    server: RunningGoobi
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def fresh(self) -> Step:
        """An untouched step, with images in its process folder."""
        process = self.server.goobi.workflow.process(next(self.numbers))
        masters = self.masters(process)
        masters.mkdir(parents=True)
        for page in PAGES:
            (masters / page).write_text(page, encoding="ascii")
        return process.steps[0]

    def process(self, step: Step) -> Process:
        """Its process."""
        return self.server.goobi.workflow.found(step.id)[0]

    def masters(self, process: Process) -> Path:
        """The folder that `{origpath}` stands for."""
        return self.system.roots / str(process.id) / "images" / f"master_{process.title}_media"

    def run(self, step: Step, options: str, *, address: str = "") -> CompletedProcess[str]:
        """Run the step's script, a call of `taskclient` with these options."""
        service = address or f"{str(self.system.client.base_url).rstrip('/')}/itm/service"
        scripts = Scripts(self.server.goobi.workflow, self.system.roots)
        return scripts.run(step.id, f"{CLIENT} -itm {service} {WHERE} {options}")

    def until(self, step: Step, status: StepStatus, *, within_seconds: float = 60) -> None:
        """Wait until the step has that status."""
        what = f"step {step.id} to be {status}; it is {step.status}"
        eventually(lambda: step.status is status, within_seconds=within_seconds, what=what)

    def journal(self, step: Step) -> list[JournalEntry]:
        """The journal of its process."""
        return self.process(step).journal

    def told(self, step: Step) -> list[EventKind]:
        """What happened to the step and its process, in order, without what Goobi did by itself."""
        process = self.process(step)
        events = self.server.goobi.workflow.events
        return [one.kind for one in events if one.process_id == process.id and one.kind in TOLD]

    def jobs(self, step: Step) -> list[dict[str, Any]]:
        """The jobs of its process, the newest first."""
        query = {"process": self.process(step).id}
        answer = self.system.client.get("/api/v1/jobs", params=query).raise_for_status()
        found: list[dict[str, Any]] = answer.json()["jobs"]
        return found

    def job(self, step: Step) -> str:
        """The id of its one job, as soon as it is stored."""
        (job,) = eventually(lambda: self.jobs(step), what=f"the job of step {step.id}")
        return str(job["id"])
