"""Runs a plugin in a test without broker, database or runner: `run_plugin(MyPlugin(), source, output)`.

For authors of plugins as well as for this project's own tests. Knows no server.
"""

import shutil
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from pydantic import JsonValue

from taskmanager.errors import JobFailedError
from taskmanager.files import listing
from taskmanager.files.parts import ANY_DEPTH, Parts, taken
from taskmanager.model.jobs import FileRecord, GoobiReference, JobSpec
from taskmanager.plugin_api import tools
from taskmanager.plugin_api.existing_results import (
    Existing,
    kept_warning,
    leaving_note,
    left_over,
    of_the_kind,
    refusal,
)
from taskmanager.plugin_api.file_records import lines_of
from taskmanager.plugin_api.interface import Plugin
from taskmanager.plugin_api.tools import Stream, ToolResult


class CancelledInTestError(Exception):
    """Raised by `checkpoint` in a test that requested a cancel.

    The real runner ends the process instead.
    """


@dataclass
class MemoryLog:
    """A job's log that remembers its lines as (level, text)."""

    lines: list[tuple[str, str]] = field(default_factory=list)

    def info(self, text: str) -> None:
        """Remember something worth knowing."""
        self.lines.append(("info", text))

    def warning(self, text: str) -> None:
        """Remember something an operator should check."""
        self.lines.append(("warning", text))

    def error(self, text: str) -> None:
        """Remember something that failed."""
        self.lines.append(("error", text))


@dataclass
class LocalContext:
    """A JobContext over folders of a test, which also remembers what the plugin reported and did.

    `destination`: a folder as an earlier job left it, if the test has one; it is only read. `cancel_at`: the
    checkpoint, counted from 1, at which the job is cancelled; None for never.
    """

    spec: JobSpec
    template: str | None
    source: Path | None
    output: Path
    scratch: Path
    job_id: str = "00000000-0000-7000-8000-000000000001"
    attempt: int = 1
    cancel_at: int | None = None
    destination: Path | None = None
    log: MemoryLog = field(default_factory=MemoryLog)
    progress_calls: list[tuple[int, int, str | None]] = field(default_factory=list)
    checkpoints: int = 0
    tool_runs: list[tuple[str, ...]] = field(default_factory=list)
    records: list[FileRecord] = field(default_factory=list)
    waited: list[Path] = field(default_factory=list)
    results: list[Path] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    leaving: list[str] = field(default_factory=list)
    brought: Path | None = None

    def files(self) -> Sequence[Path]:
        """The files of the source, or of what was `brought`, in natural order and without hidden ones."""
        if self.brought is not None:
            return [part.path for part in taken(self.brought, Parts((ANY_DEPTH,), {}))]
        return listing.files_of(self.source)

    def wait_for(self, file: Path) -> None:
        """Remember the call; raise ValueError for a file that is not one of `files()`."""
        if file not in self.files():
            raise ValueError(f"{file} is no file of the source")
        self.waited.append(file)

    def finished(self, result: Path) -> None:
        """Remember the result; raise ValueError if it is not one, so that a test notices."""
        if not (result.is_relative_to(self.output) and result.is_file()):
            raise ValueError(f"{result} is no file below the output folder")
        self.results.append(result)

    def existing(self, policy: Existing, results: Collection[Path]) -> None:
        """Compare the results with `destination` as a runner would; remember both, and what is to leave."""
        self.expected = [str(result.relative_to(self.output)) for result in results]
        if self.destination is None:
            return
        over_folder = self.source is None or self.source.is_dir()
        there = [str(path.relative_to(self.destination)) for path in self.destination.rglob("*")]
        there = [name for name in there if (self.destination / name).is_file()]
        if policy is Existing.REFUSE:
            known = of_the_kind(there, self.expected) if over_folder else set(there) & set(self.expected)
            if known:
                raise JobFailedError(refusal(known, str(self.destination)))
        elif over_folder and (left := left_over(there, self.expected)):
            self._say(policy, left)

    def _say(self, policy: Existing, left: list[str]) -> None:
        if policy is Existing.KEEP:
            self.log.warning(kept_warning(left, str(self.destination)))
        else:
            self.leaving = left
            self.log.info(leaving_note(left))

    def progress(self, done: int, total: int, current_file: str | None = None) -> None:
        """Remember the progress the plugin reports."""
        self.progress_calls.append((done, total, current_file))

    def record(self, file: FileRecord) -> None:
        """Remember what happened to a file, and the lines about it in the log."""
        self.records.append(file)
        self.log.lines += lines_of(file)

    def checkpoint(self) -> None:
        """Count the call; raise CancelledInTestError if the test wants the job cancelled here."""
        self.checkpoints += 1
        if self.checkpoints == self.cancel_at:
            raise CancelledInTestError

    def run_tool(
        self,
        argv: Sequence[str | Path],
        *,
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
        time_limit: timedelta | None = None,
        log_stdout: bool = False,
    ) -> ToolResult:
        """Run the real program as a runner would, in `scratch` unless another folder is given."""
        self.tool_runs.append(tuple(str(word) for word in argv))

        def tell(stream: Stream, line: str) -> None:
            if log_stdout or stream == "stderr":
                self.log.info(line)

        folder = cwd or self.scratch
        return tools.run(argv, cwd=folder, environment=environment, time_limit=time_limit, on_line=tell)


def run_plugin(  # noqa: PLR0913 - a test names what it needs
    plugin: Plugin,
    source: Path | None,
    output: Path,
    *,
    template: str | None = None,
    parameters: Mapping[str, JsonValue] | None = None,
    cancel_at: int | None = None,
    destination: Path | None = None,
) -> LocalContext:
    """Run one job of the plugin and return what it did; results are in `output`, which is made if missing.

    With a `destination` they go there too, as a runner places them. What a plugin takes of a source with
    folders in it is copied before, as a runner does. Raises whatever the plugin raises.
    """
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="taskmanager-scratch-") as temporary:
        spec = _spec(plugin, source, output, template, parameters)
        chosen = plugin.manifest.choose_template(template)
        scratch, brought = Path(temporary) / "scratch", None
        scratch.mkdir()
        patterns = plugin.manifest.parts_for(template)
        if patterns and source is not None:
            brought = Path(temporary) / "input"
            source = _bring(source, Parts(patterns, {"title": spec.work_title}), brought)
        context = LocalContext(
            spec,
            chosen,
            source,
            output,
            scratch,
            cancel_at=cancel_at,
            destination=destination,
            brought=brought,
        )
        plugin.run(context)
        if destination is not None:
            shutil.copytree(output, destination, dirs_exist_ok=True)
            for name in context.leaving:
                (destination / name).unlink()
    return context


def _bring(source: Path, parts: Parts, target: Path) -> Path:
    """Copy the parts to their places below `target`; returns the source of the job there."""
    target.mkdir()
    for place, path in taken(source, parts):
        (target / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target / place)
    return target if source.is_dir() else target / source.name


def _spec(
    plugin: Plugin,
    source: Path | None,
    output: Path,
    template: str | None,
    parameters: Mapping[str, JsonValue] | None,
) -> JobSpec:
    return JobSpec(
        plugin=plugin.manifest.name,
        template=template,
        source=None if source is None else str(source),
        destination=str(output),
        title="a job of a test",
        goobi=GoobiReference(process_id=1, step_id=2, process_title="title_of_a_process"),
        parameters=dict(parameters or {}),
    )
