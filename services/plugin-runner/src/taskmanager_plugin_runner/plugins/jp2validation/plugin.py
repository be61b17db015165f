"""The plugin `jp2validation` (job type JP2VALIDATION): every JPEG 2000 file examined, one report each."""

from importlib.metadata import version
from pathlib import Path
from typing import Final

from taskmanager.errors import PermanentError
from taskmanager.plugin_api import JobContext, PauseSupport, PluginManifest, parse_parameters
from taskmanager_plugin_runner.plugins.catalogue import read_catalogue
from taskmanager_plugin_runner.plugins.jp2validation import texts
from taskmanager_plugin_runner.plugins.jp2validation.profile import Profile
from taskmanager_plugin_runner.plugins.validation.parameters import ValidationParameters

PROFILE_DEFAULT: Final = "jp2"
ALIASES: Final = {"jp2validate": PROFILE_DEFAULT}
"""What the calls of older installations name."""
SHIPPED: Final = Path(__file__).parent / "profiles"


class Jp2ValidationPlugin:
    """Reads its profiles once, on construction; raises PermanentError if one of them is invalid."""

    def __init__(self) -> None:
        self._profiles = read_catalogue(texts.PLUGIN, Profile.model_validate, SHIPPED)
        for name, profile in self._profiles.items():
            _require_rules(name, profile)
        self._manifest = PluginManifest(
            name=texts.PLUGIN,
            title="JPEG 2000 validation",
            job_type="JP2VALIDATION",
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
        """Job type JP2VALIDATION, with the names of all profiles as its templates."""
        return self._manifest

    def run(self, context: JobContext) -> None:
        """Examine all JPEG 2000 files of the source; raises JobFailedError that names the invalid ones."""
        from taskmanager_plugin_runner.plugins.jp2validation.validation import (  # noqa: PLC0415 - a manifest needs no numpy
            run,
        )

        parameters = parse_parameters(ValidationParameters, context.spec.parameters)
        chosen = self._manifest.choose_template(context.template) or PROFILE_DEFAULT
        name = chosen if chosen in self._profiles else ALIASES[chosen]
        run(context, name, self._profiles[name], parameters)


def _require_rules(name: str, profile: Profile) -> None:
    """Raise PermanentError if the profile has rules that are none."""
    if not profile.rules:
        return
    from taskmanager_plugin_runner.plugins.jp2validation.rules import (  # noqa: PLC0415 - most profiles need no lxml to be read
        compiled,
    )

    try:
        compiled(profile.rules)
    except ValueError as error:
        raise PermanentError(f"profile {name}: the rules are no Schematron schema: {error}") from error
