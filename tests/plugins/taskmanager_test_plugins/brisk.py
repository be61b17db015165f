"""A short job that does one thing, for bunches of jobs."""

import os
import signal
import time
from pathlib import Path
from typing import Literal

from taskmanager.plugin_api import (
    JobContext,
    JobFailedError,
    Need,
    Parameters,
    PauseSupport,
    PluginManifest,
    parse_parameters,
)

POLL_SECONDS = 0.005
NAP_SECONDS = 0.01


class BriskParameters(Parameters):
    """What to do."""

    diary: str
    """A file that gets a line with the job's id as soon as it runs."""
    deed: Literal["nothing", "nap", "log", "print", "write", "fail", "crash", "wait"] = "nothing"
    until: str = ""
    """For `wait`: a file that ends it."""


class Brisk:
    """Notes that it ran, and does its deed; may be suspended or cancelled while it waits."""

    manifest = PluginManifest(
        name="brisk",
        title="Brisk",
        job_type="BRISK",
        parameters=BriskParameters.model_json_schema(),
        source=Need.OPTIONAL,
        destination=Need.OPTIONAL,
        pause=PauseSupport.CHECKPOINT,
        grace_seconds=2,
    )

    def run(self, context: JobContext) -> None:
        """The note is one write, so lines of several processes stay whole."""
        parameters = parse_parameters(BriskParameters, context.spec.parameters)
        with Path(parameters.diary).open("ab", buffering=0) as diary:
            diary.write(f"{context.job_id}\n".encode())
        match parameters.deed:
            case "nap":
                time.sleep(NAP_SECONDS)
            case "log":
                note = f"a line of {context.job_id}"
                context.progress(1, 2)
                context.log.warning(note)
            case "print":
                print(f"printed by {context.job_id}")  # noqa: T201 - the deed
            case "write":
                (context.output / "result.txt").write_text("a result", encoding="utf-8")
            case "fail":
                raise JobFailedError("as it was told to")
            case "crash":
                print("last words", flush=True)  # noqa: T201 - it belongs to the log of the job
                os.kill(os.getpid(), signal.SIGKILL)
            case "wait":
                while not Path(parameters.until).exists():
                    context.checkpoint()
                    time.sleep(POLL_SECONDS)
