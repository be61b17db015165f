"""The plugin `jp2` (job type JP2): one JPEG 2000 file per page image, made by opj_compress or OpenJPH."""

from importlib.metadata import version
from pathlib import Path
from typing import Final

from taskmanager.plugin_api import JobContext, PauseSupport, PluginManifest, parse_parameters
from taskmanager_plugin_runner.plugins.catalogue import read_catalogue
from taskmanager_plugin_runner.plugins.jp2.parameters import Jp2Parameters
from taskmanager_plugin_runner.plugins.jp2.profile import Profile

PROFILE_DEFAULT: Final = "lossless"
SHIPPED: Final = Path(__file__).parent / "profiles"


class Jp2Plugin:
    """Reads its profiles once, on construction; raises PermanentError if one of them is invalid."""

    def __init__(self) -> None:
        self._profiles = read_catalogue("jp2", Profile.model_validate, SHIPPED)
        self._manifest = PluginManifest(
            name="jp2",
            title="JPEG 2000",
            job_type="JP2",
            version=version("taskmanager-plugin-runner"),
            parameters=Jp2Parameters.model_json_schema(),
            templates=tuple(self._profiles),
            template_default=PROFILE_DEFAULT,
            pause=PauseSupport.CHECKPOINT,
            reads_in_place=True,
            takes_files_in_order=True,
        )

    @property
    def manifest(self) -> PluginManifest:
        """Job type JP2, with the names of all profiles as its templates, and the parameters of a job."""
        return self._manifest

    def run(self, context: JobContext) -> None:
        """Compress all images of the source; raises JobFailedError with the file and the tool's message."""
        from taskmanager_plugin_runner.plugins.jp2.compression import (  # noqa: PLC0415 - a manifest needs no numpy
            Compression,
        )

        parameters = parse_parameters(Jp2Parameters, context.spec.parameters)
        name = self._manifest.choose_template(context.template) or PROFILE_DEFAULT
        Compression(context, self._profiles[name], parameters).run()
