"""The plugin `jp2` (job type JP2): one JPEG 2000 file per page image, made by opj_compress or OpenJPH."""

from pathlib import Path
from typing import Final

from taskmanager.plugin_api import JobContext, PauseSupport
from taskmanager_plugin_runner.plugins.catalogue import read_catalogue
from taskmanager_plugin_runner.plugins.jp2.parameters import Jp2Parameters
from taskmanager_plugin_runner.plugins.jp2.profile import Profile
from taskmanager_plugin_runner.plugins.profiled import ProfiledPlugin

PROFILE_DEFAULT: Final = "lossless"
SHIPPED: Final = Path(__file__).parent / "profiles"


class Jp2Plugin(ProfiledPlugin[Profile, Jp2Parameters]):
    """Reads its profiles once, on construction; raises PermanentError if one of them is invalid."""

    def __init__(self) -> None:
        profiles = read_catalogue("jp2", Profile.model_validate, SHIPPED)
        super().__init__(
            profiles,
            Jp2Parameters,
            default=PROFILE_DEFAULT,
            name="jp2",
            title="JPEG 2000",
            titles={"de": "JPEG 2000"},
            job_type="JP2",
            pause=PauseSupport.CHECKPOINT,
            reads_in_place=True,
            takes_files_in_order=True,
        )

    def run(self, context: JobContext) -> None:
        """Compress all images of the source; raises JobFailedError with the file and the tool's message."""
        from taskmanager_plugin_runner.plugins.jp2.compression import (  # noqa: PLC0415 - a manifest needs no numpy
            Compression,
        )

        profile, parameters = self.chosen(context)
        Compression(context, profile, parameters).run()
