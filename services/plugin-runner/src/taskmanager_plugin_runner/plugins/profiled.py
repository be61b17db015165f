"""What plugins have in common whose templates are profiles: TOML files, which are read once."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from taskmanager.plugin_api import JobContext, Parameters, PluginManifest, parse_parameters

ProfileT = TypeVar("ProfileT", bound=BaseModel)
ParametersT = TypeVar("ParametersT", bound=Parameters)


class ProfiledPlugin(Generic[ProfileT, ParametersT]):
    """A plugin with the names of its profiles as templates; a subclass says what a job does."""

    def __init__(
        self,
        profiles: Mapping[str, ProfileT],
        parameters: type[ParametersT],
        *,
        default: str,
        **declared: Any,
    ) -> None:
        """`default` is the profile of jobs that name none; `declared` are further fields of the manifest."""
        self._profiles, self._parameters, self._default = profiles, parameters, default
        self._manifest = PluginManifest(
            version=version("taskmanager-plugin-runner"),
            parameters=parameters.model_json_schema(),
            templates=tuple(profiles),
            template_default=default,
            **declared,
        )

    @property
    def manifest(self) -> PluginManifest:
        """Job type and parameters, with the names of all profiles as templates."""
        return self._manifest

    def chosen(self, context: JobContext) -> tuple[ProfileT, ParametersT]:
        """The profile and the parameters of a job; raises JobFailedError for unknown and invalid ones."""
        parameters = parse_parameters(self._parameters, context.spec.parameters)
        name = self._manifest.choose_template(context.template) or self._default
        return self._profiles[name], parameters
