"""Plugins that exceed their limits."""

import sys
import time

from taskmanager.plugin_api import (
    JobContext,
    JobLimits,
    Need,
    Parameters,
    PauseSupport,
    PluginManifest,
    parse_parameters,
)

POLL_SECONDS = 0.01


class GreedyParameters(Parameters):
    """How much to take."""

    megabytes: int = 64


class Greedy:
    """Lets a tool allocate memory and keep it."""

    manifest = PluginManifest(
        name="greedy",
        title="Greedy",
        job_type="GREEDY",
        parameters=GreedyParameters.model_json_schema(),
        source=Need.OPTIONAL,
        destination=Need.OPTIONAL,
        limits=JobLimits(memory_limit_bytes=512 * 1024 * 1024),
    )

    def run(self, context: JobContext) -> None:
        """Wait for the tool, which never ends."""
        megabytes = parse_parameters(GreedyParameters, context.spec.parameters).megabytes
        context.progress(1, 3, "large.tif")
        take = f"import time; kept = bytearray(b'x') * ({megabytes} << 20); time.sleep(600)"
        context.run_tool([sys.executable, "-c", take])


class Hasty:
    """May work one second on a job and is suspended at checkpoints; copies nothing until told to."""

    manifest = PluginManifest(
        name="hasty",
        title="Hasty",
        job_type="HASTY",
        destination=Need.OPTIONAL,
        source=Need.OPTIONAL,
        pause=PauseSupport.CHECKPOINT,
        limits=JobLimits(time_limit_seconds=1),
    )

    def run(self, context: JobContext) -> None:
        """Leave a partial result, and continue."""
        (context.output / "half.txt").write_text("half a result", encoding="utf-8")
        context.progress(1, 2, "second.tif")
        while True:
            context.checkpoint()
            time.sleep(POLL_SECONDS)
