"""A plugin that does everything with its files that the interface allows."""

import time
from pathlib import Path

from taskmanager.plugin_api import (
    ExistingParameters,
    JobContext,
    PauseSupport,
    PluginManifest,
    parse_parameters,
)

POLL_SECONDS = 0.01


class PressParameters(ExistingParameters):
    """How long it takes."""

    page_seconds: float = 0.0
    """Seconds per page, without using the processor."""
    until: str | None = None
    """A file; the job ends when it exists."""


class Press:
    """Writes one result per page, next to those of other jobs or, with `turn`, in its place."""

    manifest = PluginManifest(
        name="press",
        title="Press",
        job_type="PRESS",
        parameters=PressParameters.model_json_schema(),
        templates=("print", "turn"),
        template_default="print",
        templates_in_place=("turn",),
        pause=PauseSupport.CHECKPOINT,
        takes_files_in_order=True,
    )

    def run(self, context: JobContext) -> None:
        """Write results that name their page."""
        parameters = parse_parameters(PressParameters, context.spec.parameters)
        suffix = None if context.template == "turn" else ".out"
        targets = {file: context.output / (file.stem + (suffix or file.suffix)) for file in context.files()}
        context.existing(parameters.existing, targets.values())
        for number, (file, target) in enumerate(targets.items()):
            context.checkpoint()
            context.progress(number, len(targets), file.name)
            context.wait_for(file)
            time.sleep(parameters.page_seconds)
            target.write_bytes(b"printed " + file.read_bytes())
            context.finished(target)
        context.progress(len(targets), len(targets))
        while parameters.until is not None and not Path(parameters.until).exists():
            context.checkpoint()
            time.sleep(POLL_SECONDS)
