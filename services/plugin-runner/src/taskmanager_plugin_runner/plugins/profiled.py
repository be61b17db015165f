"""What plugins have in common whose templates are profiles: TOML files, which are read once."""

from collections.abc import Collection, Mapping
from importlib.metadata import version
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from taskmanager.errors import JobFailedError
from taskmanager.model.manifest import PluginText, title_texts
from taskmanager.plugin_api import JobContext, Parameters, PluginManifest, parse_parameters
from taskmanager_plugin_runner.plugins.titled import Titled, titles_of

ProfileT = TypeVar("ProfileT", bound=Titled)
ParametersT = TypeVar("ParametersT", bound=Parameters)


class ProfiledPlugin(Generic[ProfileT, ParametersT]):
    """A plugin with the names of its profiles as templates; a subclass says what a job does."""

    def __init__(
        self,
        profiles: Mapping[str, ProfileT],
        parameters: type[ParametersT],
        *,
        default: str | None,
        title: str,
        titles: Mapping[str, str],
        texts: Mapping[str, PluginText] = MappingProxyType({}),
        **declared: Any,
    ) -> None:
        """`default` is the profile of jobs that name none; None: there is none, and `unnamed` says so.

        `titles` is `title` by language, `declared` are further fields of the manifest.
        """
        self._profiles, self._parameters = profiles, parameters
        self._manifest = PluginManifest(
            title=title,
            version=version("taskmanager-plugin-runner"),
            parameters=parameters.model_json_schema(),
            templates=tuple(profiles),
            template_default=default,
            texts={**texts, **title_texts((title, titles), titles_of(profiles))},
            **declared,
        )

    @property
    def manifest(self) -> PluginManifest:
        """Job type and parameters, with the names of all profiles as templates."""
        return self._manifest

    def chosen(self, context: JobContext) -> tuple[ProfileT, ParametersT]:
        """The profile and the parameters of a job; raises JobFailedError for unknown and invalid ones."""
        _, profile, parameters = self.chosen_by_name(context)
        return profile, parameters

    def chosen_by_name(self, context: JobContext) -> tuple[str, ProfileT, ParametersT]:
        """The same with the name of the profile."""
        parameters = parse_parameters(self._parameters, context.spec.parameters)
        name = self._manifest.choose_template(context.template)
        if name is None:
            raise JobFailedError(self.unnamed(", ".join(self._profiles) or "-"))
        return name, self._profiles[name], parameters

    def unnamed(self, known: str) -> str:
        """What to say of a job that names no profile; only for plugins without a default."""
        raise AssertionError(f"a default, or words about its absence: {known}")


def the_only(names: Collection[str]) -> str | None:
    """The default of a plugin whose profiles are all an operator's: the only one, if there is one."""
    return next(iter(names)) if len(names) == 1 else None
