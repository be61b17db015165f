"""What a validating plugin is for its runner: profiles as templates, and jobs that examine every file.

Its imports need no numpy, so that a manifest is made quickly; jobs bring what they need.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Generic, TypeVar

from taskmanager.model.manifest import title_texts
from taskmanager.plugin_api import JobContext, PauseSupport, PluginManifest, parse_parameters
from taskmanager_plugin_runner.plugins.titled import titles_of
from taskmanager_plugin_runner.plugins.validation.parameters import ValidationParameters
from taskmanager_plugin_runner.plugins.validation.profile import ValidationProfile
from taskmanager_plugin_runner.plugins.validation.texts import ValidationTexts

if TYPE_CHECKING:
    from taskmanager_plugin_runner.plugins.validation.job import Kind

ProfileT = TypeVar("ProfileT", bound=ValidationProfile)


@dataclass(frozen=True, slots=True)
class Offer:
    """How a validating plugin presents itself; `alias` is what older installations call its default."""

    texts: ValidationTexts
    title: str
    titles: Mapping[str, str]
    job_type: str
    default: str
    alias: str


class ValidationPlugin(Generic[ProfileT]):
    """The plugin of one format of pictures, with the names of all profiles as its templates."""

    def __init__(
        self, offer: Offer, profiles: Mapping[str, ProfileT], kind_of: "Callable[[ProfileT], Kind]"
    ) -> None:
        """`kind_of` says how files are examined with a profile; only jobs call it."""
        self._offer, self._profiles, self._kind_of = offer, profiles, kind_of
        aliases = () if offer.alias in profiles else (offer.alias,)
        self._manifest = PluginManifest(
            name=offer.texts.plugin,
            title=offer.title,
            job_type=offer.job_type,
            version=version("taskmanager-plugin-runner"),
            parameters=ValidationParameters.model_json_schema(),
            templates=(*profiles, *aliases),
            template_default=offer.default,
            pause=PauseSupport.CHECKPOINT,
            reads_in_place=True,
            takes_files_in_order=True,
            texts={
                **offer.texts.own.sentences,
                **title_texts((offer.title, offer.titles), titles_of(profiles)),
            },
        )

    @property
    def manifest(self) -> PluginManifest:
        """Job type and parameters, with the names of all profiles as templates."""
        return self._manifest

    def run(self, context: JobContext) -> None:
        """Examine all files of the source; raises JobFailedError that names those which are not valid."""
        from taskmanager_plugin_runner.plugins.validation.job import ValidationJob  # noqa: PLC0415 - brings numpy

        parameters = parse_parameters(ValidationParameters, context.spec.parameters)
        chosen = self._manifest.choose_template(context.template) or self._offer.default
        name = chosen if chosen in self._profiles else self._offer.default
        profile = self._profiles[name]
        heading = heading_of(self._manifest, name, profile.title)
        ValidationJob(context, self._kind_of(profile), profile, parameters, heading).run()


def heading_of(manifest: PluginManifest, profile: str, title: str) -> dict[str, str]:
    """What every report says about the one who made it, and by which profile."""
    return {"plugin": manifest.name, "version": manifest.version, "profile": profile, "title": title}
