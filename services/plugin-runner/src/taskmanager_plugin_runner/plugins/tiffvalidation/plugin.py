"""The plugin `tiffvalidation` (job type TIFVALIDATION): every TIFF examined, one report each."""

from importlib.metadata import version
from pathlib import Path
from typing import Final

from taskmanager.plugin_api import JobContext, PauseSupport, PluginManifest, parse_parameters
from taskmanager_plugin_runner.plugins.catalogue import read_catalogue
from taskmanager_plugin_runner.plugins.tiffvalidation import texts
from taskmanager_plugin_runner.plugins.tiffvalidation.profile import Profile
from taskmanager_plugin_runner.plugins.validation.parameters import ValidationParameters

PROFILE_DEFAULT: Final = "tiff"
ALIASES: Final = {"tiff.template": PROFILE_DEFAULT}
"""What the calls of older installations name."""
SHIPPED: Final = Path(__file__).parent / "profiles"


class TiffValidationPlugin:
    """Reads its profiles once, on construction; raises PermanentError if one of them is invalid."""

    def __init__(self) -> None:
        from taskmanager_plugin_runner.plugins.tiffvalidation.checks import (  # noqa: PLC0415 - the other modules need no lxml
            compile_checks,
        )

        self._profiles = read_catalogue(texts.PLUGIN, Profile.model_validate, SHIPPED)
        for name, profile in self._profiles.items():
            compile_checks(name, profile)
        self._manifest = PluginManifest(
            name=texts.PLUGIN,
            title="TIFF validation",
            job_type="TIFVALIDATION",
            version=version("taskmanager-plugin-runner"),
            parameters=ValidationParameters.model_json_schema(),
            templates=(*self._profiles, *(name for name in ALIASES if name not in self._profiles)),
            template_default=PROFILE_DEFAULT,
            pause=PauseSupport.CHECKPOINT,
            reads_in_place=True,
            takes_files_in_order=True,
            texts=texts.SHARED.own.sentences,
        )

    @property
    def manifest(self) -> PluginManifest:
        """Job type TIFVALIDATION, with the names of all profiles as its templates."""
        return self._manifest

    def run(self, context: JobContext) -> None:
        """Examine all TIFFs of the source; raises JobFailedError that names those which are not valid."""
        from taskmanager_plugin_runner.plugins.tiffvalidation.validation import (  # noqa: PLC0415 - a manifest needs no numpy
            run,
        )

        parameters = parse_parameters(ValidationParameters, context.spec.parameters)
        chosen = self._manifest.choose_template(context.template) or PROFILE_DEFAULT
        name = chosen if chosen in self._profiles else ALIASES[chosen]
        run(context, name, self._profiles[name], parameters)
