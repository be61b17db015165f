"""A plugin's view of its job: `taskmanager.plugin_api.JobContext` inside a slot.

Knows the connection to the runner only as a `send` function. All methods may be called from several threads.
"""

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Protocol

from taskmanager.errors import ToolStoppedError
from taskmanager.files.parts import ANY_DEPTH, Parts, taken
from taskmanager.files.roots import Roots
from taskmanager.model.jobs import FileRecord, JobSpec
from taskmanager.plugin_api.existing_results import Existing
from taskmanager.plugin_api.file_records import bounded
from taskmanager.plugin_api.tools import Stream, ToolResult, run
from taskmanager_plugin_runner.failures import shorten
from taskmanager_plugin_runner.files.sources import scan
from taskmanager_plugin_runner.results.early_copies import EarlyCopies
from taskmanager_plugin_runner.slot.command_log import CommandLog
from taskmanager_plugin_runner.slot.line_log import LineLog, Send
from taskmanager_plugin_runner.slot_protocol import FileNote, ProgressNote, SlotOrder, ToolNote
from taskmanager_plugin_runner.transport.existing_results import Destination, settle_earlier
from taskmanager_plugin_runner.transport.input_ahead import InputAhead
from taskmanager_plugin_runner.transport.workspace import AttemptFolder

NOTES_PER_SECOND = 50
"""Progress beyond this rate is held back until a later call or the end of the job."""


class CheckpointBarrier(Protocol):
    """Where a job is suspended or ends."""

    @property
    def cancelling(self) -> bool:
        """Whether the job is to end."""

    def check(self) -> None:
        """Return when the job may continue, or raise what ends it."""


class ProgressMeter:
    """Passes progress on, thinned out if a plugin reports too often; the latest is never lost."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._lock = threading.Lock()
        self._held: ProgressNote | None = None
        self._second = 0
        self._left = NOTES_PER_SECOND

    def note(self, done: int, total: int, current_file: str | None) -> None:
        """Take a report."""
        name = shorten(current_file, 500) if current_file is not None else None
        with self._lock:
            self._held = ProgressNote(done, total, name)
            if self._may_pass():
                self._pass_on()

    def flush(self) -> None:
        """Send what is held back."""
        with self._lock:
            self._pass_on()

    def _may_pass(self) -> bool:
        """Allow a number of reports per second: a slow file after some quick ones is not held back."""
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._left = second, NOTES_PER_SECOND
        self._left -= 1
        return self._left >= 0

    def _pass_on(self) -> None:
        if self._held is not None:
            self._send(self._held)
            self._held = None


@dataclass(frozen=True, slots=True)
class Ways:
    """Where the files of a job come from and go to.

    `roots` limit where links in the source may lead; `in_place`: its sources may be replaced. `ask` has the
    results of earlier jobs handled elsewhere, if this process may not do it.
    """

    roots: Roots
    destination: Destination | None = None
    in_place: bool = False
    ahead: InputAhead | None = None
    carrier: EarlyCopies | None = None
    ask: Callable[[Existing, Sequence[str]], None] | None = None


class SlotContext:
    """One job as its plugin sees it."""

    def __init__(
        self,
        order: SlotOrder,
        folder: AttemptFolder,
        ways: Ways,
        send: Send,
        template: str | None,
        barrier: CheckpointBarrier,
    ) -> None:
        """`template` is the chosen one; `barrier` is where the job blocks while it is suspended."""
        self._order, self._folder, self._ways = order, folder, ways
        self._template, self._barrier = template, barrier
        self._send = send
        self._log = LineLog(send)
        self._commands, self._programs = CommandLog(), CommandLog()
        self.meter = ProgressMeter(send)

    @property
    def job_id(self) -> str:
        """Identifier of the job."""
        return self._order.job

    @property
    def attempt(self) -> int:
        """Number of this attempt, from 1."""
        return self._order.attempt

    @property
    def spec(self) -> JobSpec:
        """The specification as submitted."""
        return self._order.spec

    @property
    def template(self) -> str | None:
        """The template to use, known to the plugin."""
        return self._template

    @property
    def source(self) -> Path | None:
        """The folder or file to read."""
        return self._order.source

    @cached_property
    def output(self) -> Path:
        """An empty folder for the results."""
        return self._folder.open(self._folder.output)

    @cached_property
    def scratch(self) -> Path:
        """An empty folder for anything else."""
        return self._folder.open(self._folder.scratch)

    @property
    def log(self) -> LineLog:
        """The job's log."""
        return self._log

    @cached_property
    def _files(self) -> tuple[Path, ...]:
        source = self.source
        if source is None:
            return ()
        if self._ways.ahead is not None:
            return self._ways.ahead.paths
        brought = self._folder.input
        if brought.is_dir() and any(entry.is_dir() for entry in brought.iterdir()):
            return tuple(part.path for part in taken(brought, Parts((ANY_DEPTH,), {})))
        roots = Roots((*self._ways.roots.folders, self._folder.path.resolve()))
        return tuple((source / file.name if source.is_dir() else source) for file in scan(source, roots))

    def files(self) -> Sequence[Path]:
        """The files of the source, and of its folders if parts of it were taken, without hidden ones."""
        return self._files

    def wait_for(self, file: Path) -> None:
        """Return when this file of `files()` may be read; see `input_ahead`."""
        if self._ways.ahead is not None:
            self._ways.ahead.wait_for(file, self._barrier.check)

    def finished(self, result: Path) -> None:
        """Report that a result is complete and may be copied; see `early_copies`."""
        if self._ways.carrier is not None:
            self._ways.carrier.finished(result)

    def existing(self, policy: Existing, results: Collection[Path]) -> None:
        """Say what happens to results of earlier jobs; see `existing_results`."""
        source, destination = self.source, self._ways.destination
        names = [str(result.relative_to(self.output)) for result in results]
        if destination is None:
            return
        if self._ways.ask is not None:
            self._ways.ask(policy, names)
            return
        settle_earlier(
            policy,
            names,
            destination,
            self._folder,
            self._log,
            whole_folder=source is None or source.is_dir(),
            in_place=self._ways.in_place,
        )

    def record(self, file: FileRecord) -> None:
        """Record what became of one file: in words in the log, as data for the runner."""
        self._log.record(file)
        self._send(FileNote(bounded(file).model_dump(mode="json")))

    def progress(self, done: int, total: int, current_file: str | None = None) -> None:
        """Report how many of how many files are done, and the current one."""
        self.meter.note(done, total, current_file)

    def checkpoint(self) -> None:
        """A point between two files: blocks while suspended, does not return once cancelled.

        Progress is sent here at the latest.
        """
        self.meter.flush()
        self._barrier.check()

    def run_tool(
        self,
        argv: Sequence[str | Path],
        *,
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
        time_limit: timedelta | None = None,
        log_stdout: bool = False,
    ) -> ToolResult:
        """Run a program in the job's process group; its temporary files go to the job's scratch folder.

        If the job is to end, the program is ended and this does not return.
        """
        own = {"TMPDIR": str(self.scratch), "MAGICK_TEMPORARY_PATH": str(self.scratch)}
        program = Path(argv[0]).name
        if self._programs.first_of_its_kind(argv[:1]):
            self._send(ToolNote(str(argv[0])))
        if command := self._commands.first_of_its_kind(argv):
            self._log.info(command)

        def tell(stream: Stream, line: str) -> None:
            if log_stdout or stream == "stderr":
                self._log.info(f"{program}: {line}")

        try:
            return run(
                argv,
                cwd=cwd or self.scratch,
                environment={**own, **(environment or {})},
                time_limit=time_limit,
                stopping=lambda: self._barrier.cancelling,
                on_line=tell,
            )
        except ToolStoppedError:
            self._barrier.check()
            raise
