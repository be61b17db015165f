"""The plugin `images` (job type IMAGES): derivatives of each page, straightened, cropped and marked."""

from importlib.metadata import version
from pathlib import Path
from typing import Final

from taskmanager.plugin_api import JobContext, PauseSupport, PluginManifest, parse_parameters
from taskmanager_plugin_runner.plugins.catalogue import read_catalogue
from taskmanager_plugin_runner.plugins.images.parameters import ImagesParameters
from taskmanager_plugin_runner.plugins.images.profile import Profile
from taskmanager_plugin_runner.plugins.images.texts import PLUGIN, TEXTS

PROFILE_DEFAULT: Final = "media-and-thumbnails"
SHIPPED: Final = Path(__file__).parent / "profiles"


class ImagesPlugin:
    """Reads its templates once, on construction; raises PermanentError if one of them is invalid."""

    def __init__(self) -> None:
        self._profiles = read_catalogue(PLUGIN, Profile.model_validate, SHIPPED)
        self._manifest = PluginManifest(
            name=PLUGIN,
            title="Images",
            job_type="IMAGES",
            version=version("taskmanager-plugin-runner"),
            parameters=ImagesParameters.model_json_schema(),
            templates=tuple(self._profiles),
            template_default=PROFILE_DEFAULT,
            pause=PauseSupport.CHECKPOINT,
            reads_in_place=True,
            takes_files_in_order=True,
            texts=TEXTS.sentences,
        )

    @property
    def manifest(self) -> PluginManifest:
        """Job type IMAGES, with the names of all templates, and the parameters of a job."""
        return self._manifest

    def run(self, context: JobContext) -> None:
        """Make all derivatives; raises JobFailedError with the file and the reason."""
        from taskmanager_plugin_runner.plugins.images.job import ImagesJob  # noqa: PLC0415 - a manifest needs no numpy

        parameters = parse_parameters(ImagesParameters, context.spec.parameters)
        name = self._manifest.choose_template(context.template) or PROFILE_DEFAULT
        ImagesJob(context, self._profiles[name], parameters).run()
