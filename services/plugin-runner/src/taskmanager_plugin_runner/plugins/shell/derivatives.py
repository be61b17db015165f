"""A shell template for JPEGs made by the plugin itself, without a program. Runs nothing."""

from functools import cached_property
from typing import Annotated, Any, Final, Self

from pydantic import ConfigDict, Field, StringConstraints, create_model, model_validator

from taskmanager.model.jobs import Record
from taskmanager.model.manifest import JobLimits
from taskmanager.plugin_api.words import words
from taskmanager_plugin_runner.plugins.parameters import BackgroundParameters
from taskmanager_plugin_runner.plugins.titled import Titled

_FOLDER_PATTERN: Final = r"^(?:\{source\}|[A-Za-z0-9_])(?:\{source\}|[A-Za-z0-9_.-]){0,99}$"

Side = Annotated[int, Field(ge=16, le=65_500, strict=True)]
Quality = Annotated[int, Field(ge=1, le=100, strict=True)]
DerivativeFolder = Annotated[str, StringConstraints(pattern=_FOLDER_PATTERN)]


class Derivative(Record):
    """One JPEG of each page.

    `folder`: below the destination. `longest_side` in pixels; None keeps the size, nothing is enlarged.
    `keep_profile`: an embedded RGB or grey profile is kept; otherwise colours are converted to sRGB.
    """

    folder: DerivativeFolder | None = None
    longest_side: Side | None = None
    quality: Quality = 85
    keep_profile: bool = True


class DerivativeTemplate(Titled):
    """The keys of a derivative template file; `docs/templates.md` explains them to operators."""

    model_config = ConfigDict(ignored_types=(cached_property,))

    description: str = ""
    derivatives: tuple[Derivative, ...] = Field(min_length=1, max_length=20)
    parallel: int | None = Field(default=None, ge=1, le=64)
    time_limit_seconds: float = Field(default=600.0, gt=0, le=604800)
    job_time_limit_seconds: float | None = Field(default=None, gt=0, le=2_592_000)
    memory_limit_bytes: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _folders_differ(self) -> Self:
        require_different_folders(self.derivatives)
        return self

    @property
    def limits(self) -> JobLimits:
        """The limits the template sets for the runner."""
        return JobLimits(
            time_limit_seconds=self.job_time_limit_seconds, memory_limit_bytes=self.memory_limit_bytes
        )

    @property
    def in_place(self) -> bool:
        """Always False: the results never replace their sources."""
        return False

    @cached_property
    def parameters_model(self) -> type["DerivativeParameters"]:
        """A job's parameters: `quality` and `size` only if there is just one derivative they can refer to."""
        fields: dict[str, Any] = {}
        if len(self.derivatives) == 1:
            only = self.derivatives[0]
            fields["quality"] = (
                Quality,
                Field(
                    default=only.quality,
                    title="JPEG quality",
                    json_schema_extra=words(de=("JPEG-Qualität", "")),
                ),
            )
            if only.longest_side is not None:
                fields["size"] = (
                    Side,
                    Field(
                        default=only.longest_side,
                        title="Longest side",
                        description="in pixels",
                        json_schema_extra=words(de=("Längste Seite", "in Pixeln")),
                    ),
                )
        return create_model("DerivativeParameters", __base__=DerivativeParameters, **fields)

    def chosen(self, parameters: "DerivativeParameters") -> tuple[Derivative, ...]:
        """The derivatives of a job: its own, or those of the template with the job's quality and size."""
        if parameters.derivatives:
            return parameters.derivatives
        if len(self.derivatives) > 1:
            return self.derivatives
        changes: dict[str, Any] = {"quality": parameters.quality} if hasattr(parameters, "quality") else {}
        if hasattr(parameters, "size"):
            changes["longest_side"] = parameters.size
        return (self.derivatives[0].model_copy(update=changes),)


class DerivativeParameters(BackgroundParameters):
    """Parameters of every job with a derivative template."""

    derivatives: tuple[Derivative, ...] = Field(
        default=(),
        max_length=20,
        title="Derivatives",
        description="instead of the template's: folder below the destination, longest side, quality",
        json_schema_extra=words(
            de=("Derivate", "statt derer der Vorlage: Ordner unter dem Ziel, längste Seite, Qualität")
        ),
    )

    @model_validator(mode="after")
    def _folders_differ(self) -> Self:
        require_different_folders(self.derivatives)
        return self


def require_different_folders(derivatives: tuple[Derivative, ...]) -> None:
    """Raise ValueError if two derivatives would have the same names in the same folder."""
    folders = [one.folder or "" for one in derivatives]
    if twice := {folder for folder in folders if folders.count(folder) > 1}:
        named = ", ".join(repr(folder) for folder in sorted(twice))
        raise ValueError(f"two derivatives go to the same folder ({named}), so one would replace the other")
