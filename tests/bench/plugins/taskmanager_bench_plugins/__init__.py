"""Plugins that note when their code ran, by the clock they share with the measuring process."""

import subprocess
import time
from pathlib import Path

from taskmanager.model.manifest import Need, Parameters, PluginManifest
from taskmanager.plugin_api.interface import JobContext, parse_parameters

POLL_SECONDS = 0.005


class NoteParameters(Parameters):
    """Where to write the note."""

    notes: str
    """A folder; each attempt writes its file `<job>.<attempt>` there."""


def _note(context: JobContext, *words: object) -> None:
    """Write nanoseconds since the epoch and further words atomically."""
    now = time.time_ns()
    folder = Path(parse_parameters(NoteParameters, context.spec.parameters).notes)
    hidden = folder / f".{context.job_id}"
    hidden.write_text(" ".join(map(str, (now, *words))), encoding="ascii")
    hidden.rename(folder / f"{context.job_id}.{context.attempt}")


class Stamp:
    """Notes when it runs, and ends."""

    manifest = PluginManifest(
        name="stamp",
        title="Stamp",
        job_type="STAMP",
        parameters=NoteParameters.model_json_schema(),
        source=Need.OPTIONAL,
        destination=Need.OPTIONAL,
    )

    def run(self, context: JobContext) -> None:
        """Note."""
        _note(context)


class Linger:
    """Notes when it runs and the process id of its tool, then waits for the tool to end; obeys at once."""

    manifest = PluginManifest(
        name="linger",
        title="Linger",
        job_type="LINGER",
        parameters=NoteParameters.model_json_schema(),
        source=Need.OPTIONAL,
        destination=Need.OPTIONAL,
    )

    def run(self, context: JobContext) -> None:
        """Reach a checkpoint every few milliseconds."""
        with subprocess.Popen(["/bin/sleep", "600"]) as tool:
            try:
                _note(context, tool.pid)
                while tool.poll() is None:
                    context.checkpoint()
                    time.sleep(POLL_SECONDS)
            finally:
                tool.kill()


class _Nothing:
    """Does nothing, under a name of its own."""

    manifest: PluginManifest

    def run(self, context: JobContext) -> None:
        """Return."""


def _nothing(name: str) -> PluginManifest:
    return PluginManifest(
        name=name,
        title=name.title(),
        job_type=name.upper(),
        source=Need.OPTIONAL,
        destination=Need.OPTIONAL,
    )


class South(_Nothing):
    """Of partition 0 of 4."""

    manifest = _nothing("south")


class Gamma(_Nothing):
    """Of partition 1 of 4."""

    manifest = _nothing("gamma")


class North(_Nothing):
    """Of partition 2 of 4."""

    manifest = _nothing("north")


class Beta(_Nothing):
    """Of partition 3 of 4."""

    manifest = _nothing("beta")
