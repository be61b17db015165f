"""A plugin that writes more than anyone can read."""

from typing import Literal

from taskmanager.plugin_api import JobContext, Need, Parameters, PluginManifest, parse_parameters

CHARACTERS = 10_000_000


class VerboseParameters(Parameters):
    """Where it writes too much."""

    where: Literal["message", "lines", "traceback", "log"]


class Verbose:
    """Fails with a message, a traceback or a log line of ten million characters."""

    manifest = PluginManifest(
        name="verbose",
        title="Verbose",
        job_type="VERBOSE",
        parameters=VerboseParameters.model_json_schema(),
        source=Need.OPTIONAL,
        destination=Need.OPTIONAL,
    )

    def run(self, context: JobContext) -> None:
        """Write it."""
        match parse_parameters(VerboseParameters, context.spec.parameters).where:
            case "message":
                raise ValueError("m" * CHARACTERS)
            case "lines":
                raise ValueError("one line\n" * (CHARACTERS // len("one line\n")))
            case "traceback":
                raise ValueError("short") from RuntimeError("t" * CHARACTERS)
            case "log":
                context.log.info("l" * CHARACTERS)
                raise ValueError("short")
