"""The plugin `epub` (job type VIEWEREPUB): an EPUB 3 of the text of a process."""

from pathlib import Path
from typing import Final

from taskmanager.plugin_api import JobContext, PauseSupport
from taskmanager_plugin_runner.plugins.catalogue import read_catalogue
from taskmanager_plugin_runner.plugins.epub.parameters import EpubParameters
from taskmanager_plugin_runner.plugins.epub.profile import Profile
from taskmanager_plugin_runner.plugins.epub.texts import PLUGIN, TEXTS
from taskmanager_plugin_runner.plugins.profiled import ProfiledPlugin

PROFILE_DEFAULT: Final = "text"
SHIPPED: Final = Path(__file__).parent / "profiles"


class EpubPlugin(ProfiledPlugin[Profile, EpubParameters]):
    """Reads its templates once, on construction; raises PermanentError if one of them is invalid."""

    def __init__(self) -> None:
        profiles = read_catalogue(PLUGIN, Profile.model_validate, SHIPPED)
        super().__init__(
            profiles,
            EpubParameters,
            default=PROFILE_DEFAULT,
            name=PLUGIN,
            title="EPUB",
            titles={"de": "EPUB"},
            job_type="VIEWEREPUB",
            template_source_parts={name: one.source_parts for name, one in profiles.items()},
            pause=PauseSupport.CHECKPOINT,
            reads_in_place=True,
            texts=TEXTS.sentences,
        )

    def run(self, context: JobContext) -> None:
        """Make the EPUB of a process; raises JobFailedError with the page and the reason."""
        from taskmanager_plugin_runner.plugins.epub.job import EpubJob  # noqa: PLC0415 - a manifest needs no numpy

        profile, parameters = self.chosen(context)
        EpubJob(context, profile, parameters).run()
