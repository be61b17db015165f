"""Runs a plugin in a test without broker, database or runner: `run_plugin(MyPlugin(), source, output)`.

For the authors of plugins as well as for this project's own tests. Knows no server.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from pydantic import JsonValue

from taskmanager import sources, tools
from taskmanager.jobs import FileRecord, GoobiReference, JobSpec
from taskmanager.plugins import Plugin
from taskmanager.tools import ToolResult


class CancelledInTestError(Exception):
    """What `checkpoint` raises in a test that asked for a cancel.

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
        """Remember something an operator should look at."""
        self.lines.append(("warning", text))

    def error(self, text: str) -> None:
        """Remember something that failed."""
        self.lines.append(("error", text))


@dataclass
class LocalContext:
    """A JobContext over folders of a test, which also remembers what the plugin said and did.

    `cancel_at`: the checkpoint, counted from 1, at which the job is cancelled; None for never.
    """

    spec: JobSpec
    template: str | None
    source: Path | None
    output: Path
    scratch: Path
    job_id: str = "00000000-0000-7000-8000-000000000001"
    attempt: int = 1
    cancel_at: int | None = None
    log: MemoryLog = field(default_factory=MemoryLog)
    progress_calls: list[tuple[int, int, str | None]] = field(default_factory=list)
    checkpoints: int = 0
    tool_runs: list[tuple[str, ...]] = field(default_factory=list)
    records: list[FileRecord] = field(default_factory=list)

    def files(self) -> Sequence[Path]:
        """The files of the source in natural order, without hidden ones."""
        return sources.files_of(self.source)

    def progress(self, done: int, total: int, current_file: str | None = None) -> None:
        """Remember how far the plugin says it is."""
        self.progress_calls.append((done, total, current_file))

    def record(self, file: FileRecord) -> None:
        """Remember what became of a file, and its warnings in the log."""
        self.records.append(file)
        for warning in file.warnings:
            self.log.lines.append(("warning", f"{file.name}: {warning}"))

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
    ) -> ToolResult:
        """Run the real program as a runner would, in `scratch` if no other folder is given."""
        self.tool_runs.append(tuple(str(word) for word in argv))
        result = tools.run(argv, cwd=cwd or self.scratch, environment=environment, time_limit=time_limit)
        if result.stderr.strip():
            self.log.info(result.stderr.strip())
        return result


def run_plugin(
    plugin: Plugin,
    source: Path | None,
    output: Path,
    *,
    template: str | None = None,
    parameters: Mapping[str, JsonValue] | None = None,
    cancel_at: int | None = None,
) -> LocalContext:
    """Run one job of the plugin and return what it did; results lie in `output`, which is made if missing.

    Raises whatever the plugin raises.
    """
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="taskmanager-scratch-") as scratch:
        spec = _spec(plugin, source, output, template, parameters)
        chosen = plugin.manifest.choose_template(template)
        context = LocalContext(spec, chosen, source, output, Path(scratch), cancel_at=cancel_at)
        plugin.run(context)
    return context


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
