"""Runs one TIFVALIDATION job. Its imports load what examinations need, before child processes are forked."""

from datetime import timedelta
from functools import partial
from typing import Final

from taskmanager.plugin_api.interface import JobContext
from taskmanager_plugin_runner.plugins.tiffvalidation import examination, mix, pixels, texts
from taskmanager_plugin_runner.plugins.tiffvalidation.profile import Profile
from taskmanager_plugin_runner.plugins.validation.job import Kind, ValidationJob, heading
from taskmanager_plugin_runner.plugins.validation.parameters import ValidationParameters

SUFFIXES: Final = (".tif", ".tiff")
"""A file's actual format is determined by its content."""


def run(context: JobContext, name: str, profile: Profile, parameters: ValidationParameters) -> None:
    """Examine all files of the job with the profile of that name."""
    kind = Kind(
        suffixes=SUFFIXES,
        reading=mix.READING,
        texts=texts.SHARED,
        heading=heading(texts.PLUGIN, name, profile.title),
        parallel=profile.parallel,
        time_limit=timedelta(seconds=profile.time_limit_seconds),
        memory_of=pixels.memory_of,
        examine=partial(examination.examine, profile=profile),
    )
    ValidationJob(context, kind, parameters).run()
