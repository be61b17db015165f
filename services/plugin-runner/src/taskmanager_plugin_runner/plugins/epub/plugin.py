"""The plugin `epub` (job type VIEWEREPUB): an EPUB 3 of the text of a process."""

from importlib.metadata import version
from pathlib import Path
from typing import Final

from taskmanager.plugin_api import JobContext, PauseSupport, PluginManifest, parse_parameters
from taskmanager_plugin_runner.plugins.catalogue import read_catalogue
from taskmanager_plugin_runner.plugins.epub.parameters import EpubParameters
from taskmanager_plugin_runner.plugins.epub.profile import Profile
from taskmanager_plugin_runner.plugins.epub.texts import PLUGIN, TEXTS

PROFILE_DEFAULT: Final = "text"
SHIPPED: Final = Path(__file__).parent / "profiles"


class EpubPlugin:
    """Reads its templates once, on construction; raises PermanentError if one of them is invalid."""

    def __init__(self) -> None:
        self._profiles = read_catalogue(PLUGIN, Profile.model_validate, SHIPPED)
        self._manifest = PluginManifest(
            name=PLUGIN,
            title="EPUB",
            job_type="VIEWEREPUB",
            version=version("taskmanager-plugin-runner"),
            parameters=EpubParameters.model_json_schema(),
            templates=tuple(self._profiles),
            template_default=PROFILE_DEFAULT,
            template_source_parts={name: one.source_parts for name, one in self._profiles.items()},
            pause=PauseSupport.CHECKPOINT,
            reads_in_place=True,
            texts=TEXTS.sentences,
        )

    @property
    def manifest(self) -> PluginManifest:
        """Job type VIEWEREPUB, with the names of all templates, and the parameters of a job."""
        return self._manifest

    def run(self, context: JobContext) -> None:
        """Make the EPUB of a process; raises JobFailedError with the page and the reason."""
        from taskmanager_plugin_runner.plugins.epub.job import EpubJob  # noqa: PLC0415 - a manifest needs no numpy

        parameters = parse_parameters(EpubParameters, context.spec.parameters)
        name = self._manifest.choose_template(context.template) or PROFILE_DEFAULT
        EpubJob(context, self._profiles[name], parameters).run()
