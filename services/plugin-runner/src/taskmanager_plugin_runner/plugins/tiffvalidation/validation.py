"""How TIFFs are examined. Its imports load what that needs, before child processes are forked."""

from functools import partial
from typing import Final

from taskmanager_plugin_runner.plugins.tiffvalidation import examination, mix, pixels, texts
from taskmanager_plugin_runner.plugins.tiffvalidation.profile import Profile
from taskmanager_plugin_runner.plugins.validation.job import Kind

SUFFIXES: Final = (".tif", ".tiff")
"""A file's actual format is determined by its content."""


def kind_of(profile: Profile) -> Kind:
    """How files are examined with this profile."""
    return Kind(
        suffixes=SUFFIXES,
        reading=mix.READING,
        texts=texts.SHARED,
        memory_of=pixels.memory_of,
        examine=partial(examination.examine, profile=profile),
    )
