"""A plugin that reports on files that need not exist."""

import os
import time
from pathlib import Path

from taskmanager.plugin_api import (
    FileRecord,
    FileState,
    JobContext,
    JobFailedError,
    Need,
    Parameters,
    PluginManifest,
    parse_parameters,
)

POLL_SECONDS = 0.01


class RecordingParameters(Parameters):
    """What to report."""

    files: int = 3
    warnings: int = 0
    """For the first file."""
    until: str | None = None
    """A file; the job waits for it after its first attempt has reported everything."""
    fails: bool = False
    crashes: bool = False
    """In its first attempt."""
    tool: tuple[str, ...] = ()


class Recording:
    """Reports each file as done."""

    manifest = PluginManifest(
        name="recording",
        title="Recording",
        job_type="RECORDING",
        parameters=RecordingParameters.model_json_schema(),
        source=Need.OPTIONAL,
        destination=Need.OPTIONAL,
    )

    def run(self, context: JobContext) -> None:
        """Report the files; in the second attempt, one fewer."""
        chosen = parse_parameters(RecordingParameters, context.spec.parameters)
        for number in range(1, chosen.files + 2 - context.attempt):
            context.record(self._record(number, context.attempt, chosen.warnings if number == 1 else 0))
        if chosen.tool:
            context.run_tool(chosen.tool, log_stdout=True)
        while context.attempt == 1 and chosen.until and not Path(chosen.until).exists():
            context.checkpoint()
            time.sleep(POLL_SECONDS)
        if chosen.crashes and context.attempt == 1:
            os.abort()
        if chosen.fails:
            raise JobFailedError("this job is meant to fail")

    def _record(self, number: int, attempt: int, warnings: int) -> FileRecord:
        return FileRecord(
            name=f"{number:04d}.tif",
            state=FileState.DONE,
            results=(f"{number:04d}.jp2",),
            facts={"format": "tiff", "bits": 8},
            result_facts={"attempt": attempt},
            bytes=2_000_000,
            result_bytes=500_000,
            seconds=1.25,
            warnings=tuple(f"warning {one}" for one in range(1, warnings + 1)),
        )
