"""A plugin that needs processor time, half of it in a program that it starts."""

import subprocess
import sys
import time

from taskmanager.plugin_api import JobContext, Need, Parameters, PluginManifest, parse_parameters

_PROGRAM = "import time\nwhile time.process_time() < {seconds}: pass"


class BurnParameters(Parameters):
    """How much processor time to need."""

    seconds: float = 0.3


class Burn:
    """Computes nothing for a while."""

    manifest = PluginManifest(
        name="burn",
        title="Burn",
        job_type="BURN",
        parameters=BurnParameters.model_json_schema(),
        source=Need.OPTIONAL,
        destination=Need.OPTIONAL,
    )

    def run(self, context: JobContext) -> None:
        """Half here, half in a child process."""
        half = parse_parameters(BurnParameters, context.spec.parameters).seconds / 2
        end = time.process_time() + half
        while time.process_time() < end:
            context.checkpoint()
        subprocess.run([sys.executable, "-I", "-c", _PROGRAM.format(seconds=half)], check=True)
