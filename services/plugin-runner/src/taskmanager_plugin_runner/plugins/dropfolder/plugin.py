"""The plugin `dropfolder` (job type DROPFOLDER): pictures are worked on by an engine that watches folders."""

from pathlib import Path
from typing import Final

from taskmanager.plugin_api import (
    JobContext,
    PauseSupport,
    RetryPolicy,
)
from taskmanager_plugin_runner.plugins.catalogue import read_catalogue
from taskmanager_plugin_runner.plugins.dropfolder import texts
from taskmanager_plugin_runner.plugins.dropfolder.parameters import DropFolderParameters
from taskmanager_plugin_runner.plugins.dropfolder.profile import Profile
from taskmanager_plugin_runner.plugins.dropfolder.texts import PLUGIN, TEXTS
from taskmanager_plugin_runner.plugins.profiled import ProfiledPlugin, the_only

SHIPPED: Final = Path(__file__).parent / "profiles"
"""Empty: where the folders of an engine are, only an operator knows."""


class DropFolderPlugin(ProfiledPlugin[Profile, DropFolderParameters]):
    """Reads its templates once, on construction; raises PermanentError if one of them is invalid."""

    def __init__(self) -> None:
        profiles = read_catalogue(PLUGIN, Profile.model_validate, SHIPPED)
        super().__init__(
            profiles,
            DropFolderParameters,
            default=the_only(profiles),
            name=PLUGIN,
            title="Drop folders",
            titles={"de": "Übergabeordner"},
            job_type="DROPFOLDER",
            pause=PauseSupport.CHECKPOINT,
            outside_effects=True,
            reads_in_place=True,
            grace_seconds=60.0,
            retry=RetryPolicy(attempts=3, first_wait_seconds=300),
            processors=1,
            texts=TEXTS.sentences,
        )

    def run(self, context: JobContext) -> None:
        """Have all pictures of the source worked on; raises JobFailedError with the ticket and the reason."""
        from taskmanager_plugin_runner.plugins.dropfolder.work import EngineJob  # noqa: PLC0415 - a manifest needs no numpy

        profile, parameters = self.chosen(context)
        EngineJob(context, profile, parameters).run()

    def unnamed(self, known: str) -> str:
        """See `ProfiledPlugin`."""
        return texts.NO_TEMPLATE(known=known)
