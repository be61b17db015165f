"""The plugins of the soak test: jobs that record what really happened, whatever the system believes.

Each line of the run log is one synced write at its end (`O_APPEND`), so the order of lines is the order of
events over all processes, and what was written outlives the process that wrote it.
"""

import json
import os
import signal
import time
from pathlib import Path
from typing import ClassVar, Literal

from taskmanager.plugin_api import (
    JobContext,
    JobFailedError,
    Need,
    Parameters,
    PauseSupport,
    PluginManifest,
    RetryPolicy,
    TemporaryError,
    parse_parameters,
)

PIECE_SECONDS = 0.02
RETRY = RetryPolicy(attempts=3, first_wait_seconds=0.5, longest_wait_seconds=2)
PAGES = "pages"
SUMMARY = "summary.json"


class SoakParameters(Parameters):
    """What the job does, and where it records it."""

    run_log: str
    deed: Literal["succeed", "fail", "temporary", "crash", "exit"] = "succeed"
    times: int = 1
    """Attempts that fail or crash before one succeeds."""
    seconds: float = 0.0
    """How long the work takes, in addition to copying files."""


class Soak:
    """Copies its files into results that name the attempt which made them."""

    manifest: ClassVar[PluginManifest]

    def run(self, context: JobContext) -> None:
        """Log begin and end even if the job fails; only a killed one leaves no end."""
        parameters = parse_parameters(SoakParameters, context.spec.parameters)
        self._note(parameters, context, "start")
        try:
            self._work(parameters, context)
        finally:
            self._note(parameters, context, "end")

    def _work(self, parameters: SoakParameters, context: JobContext) -> None:
        files = context.files() if context.source else []
        (context.output / PAGES).mkdir()
        for number, file in enumerate(files):
            context.progress(number, len(files), file.name)
            self._linger(parameters, context, parameters.seconds / len(files))
            result = f"{file.read_text(encoding='utf-8')}|{context.job_id}|{context.attempt}\n"
            (context.output / PAGES / f"{file.stem}.txt").write_text(result, encoding="utf-8")
            if number == 0:
                self._misbehave(parameters, context)
        if not files:
            self._linger(parameters, context, parameters.seconds)
            self._misbehave(parameters, context)
        summary = {"job": context.job_id, "attempt": context.attempt, "files": len(files)}
        (context.output / SUMMARY).write_text(json.dumps(summary), encoding="utf-8")

    def _linger(self, parameters: SoakParameters, context: JobContext, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            context.checkpoint()
            time.sleep(PIECE_SECONDS)
        if self.manifest.outside_effects:
            self._note(parameters, context, "effect")
        context.checkpoint()

    def _misbehave(self, parameters: SoakParameters, context: JobContext) -> None:
        """Misbehave in the middle of the work, when a partial result exists."""
        again = context.attempt <= parameters.times
        match parameters.deed:
            case "fail":
                raise JobFailedError("this job is meant to fail")
            case "temporary" if again:
                raise TemporaryError("this attempt is meant to fail")
            case "crash" if again:
                os.kill(os.getpid(), signal.SIGKILL)
            case "exit" if again:
                os._exit(3)

    def _note(self, parameters: SoakParameters, context: JobContext, what: str) -> None:
        line = {
            "what": what,
            "job": context.job_id,
            "attempt": context.attempt,
            "plugin": self.manifest.name,
            "pid": os.getpid(),
            "at": time.time(),
        }
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        descriptor = os.open(Path(parameters.run_log), flags, 0o600)
        try:
            os.write(descriptor, f"{json.dumps(line)}\n".encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _manifest(
    name: str, pause: PauseSupport, *, reads_in_place: bool, outside_effects: bool
) -> PluginManifest:
    return PluginManifest(
        name=name,
        title=f"Soak test: {name}",
        job_type="SOAK",
        parameters=SoakParameters.model_json_schema(),
        source=Need.OPTIONAL,
        destination=Need.OPTIONAL,
        pause=pause,
        reads_in_place=reads_in_place,
        outside_effects=outside_effects,
        grace_seconds=1,
        retry=RETRY,
    )


class SoakCheckpoint(Soak):
    """Pauses between two files; reads its input in place."""

    manifest = _manifest(
        "soak-checkpoint", PauseSupport.CHECKPOINT, reads_in_place=True, outside_effects=False
    )


class SoakSignal(Soak):
    """Is paused by signals; gets a copy of its input."""

    manifest = _manifest("soak-signal", PauseSupport.SIGNAL, reads_in_place=False, outside_effects=False)


class SoakOutside(Soak):
    """Has outside effects, so two attempts must never overlap; cannot be paused."""

    manifest = _manifest("soak-outside", PauseSupport.NONE, reads_in_place=True, outside_effects=True)
