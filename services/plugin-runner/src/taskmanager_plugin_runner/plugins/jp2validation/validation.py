"""How JPEG 2000 files are examined. Its imports load what that needs, before child processes are forked."""

from functools import partial
from typing import Final

from taskmanager_plugin_runner.plugins.jp2validation import examination, pixels, report, texts
from taskmanager_plugin_runner.plugins.jp2validation.profile import Profile
from taskmanager_plugin_runner.plugins.validation.job import Kind

SUFFIXES: Final = (".jp2", ".jpx", ".jpf", ".jph", ".j2k", ".j2c", ".jpc")
"""A file's actual format is determined by its content."""


def kind_of(profile: Profile) -> Kind:
    """How files are examined with this profile."""
    return Kind(
        suffixes=SUFFIXES,
        reading=report.READING,
        texts=texts.SHARED,
        memory_of=pixels.memory_of,
        examine=partial(examination.examine, profile=profile),
    )
