"""A shell template: which program runs on which files, and what counts as success. Runs nothing."""

import re
from collections.abc import Sequence
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    create_model,
    model_validator,
)

from taskmanager.model.jobs import Record, ShortText
from taskmanager.model.manifest import JobLimits, Parameters
from taskmanager.plugin_api.interface import ExistingParameters
from taskmanager_plugin_runner.plugins.shell.placeholders import names_in
from taskmanager_plugin_runner.plugins.titled import Titled

JOB_VALUES: Final = frozenset(
    {"source", "destination", "job_id", "process_id", "process_title", "step_id", "title", "project"}
)
IMAGE_VALUES: Final = frozenset({"format", "colorspace"})
FILE_VALUES: Final = frozenset({"input", "output", "name", "stem"}) | IMAGE_VALUES
PROGRAMS: Final = frozenset({"magick", "identify"})

Suffix = Annotated[str, StringConstraints(pattern=r"^\.[a-z0-9]{1,10}$")]
Folder = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$")]
Regex = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class Mode(StrEnum):
    """How often the program runs: once for each file, or once for the job."""

    FILE = "file"
    JOB = "job"


class ResultCheck(StrEnum):
    """What a result must be: not empty, an image, one of the source's size, or one that looks like it."""

    NOT_EMPTY = "not-empty"
    IMAGE = "image"
    SAME_SIZE = "same-size"
    ALIKE = "alike"


class Parameter(Record):
    """One value that a job may give; required if it has no default."""

    type: Literal["integer", "number", "string", "boolean"]
    description: ShortText = ""
    default: JsonValue = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    pattern: str | None = None
    max_length: int = Field(default=200, ge=1, le=4096)

    @model_validator(mode="after")
    def _limits_fit_the_type(self) -> Self:
        if self.type not in {"integer", "number"} and (self.minimum is not None or self.maximum is not None):
            raise ValueError("minimum and maximum belong to numbers")
        if self.type != "string" and (self.choices or self.pattern):
            raise ValueError("choices and pattern belong to type string")
        if self.pattern is not None:
            _compiled(self.pattern)
        if self.default is not None:
            self._check_default()
        return self

    def _check_default(self) -> None:
        try:
            TypeAdapter(self._type()).validate_python(self.default)
        except ValidationError as error:
            what = error.errors(include_url=False)[0]["msg"]
            raise ValueError(f"the default {self.default!r} is not allowed: {what}") from error

    @property
    def signed(self) -> bool:
        """Whether the author allows negative numbers, by a minimum below zero."""
        return self.minimum is not None and self.minimum < 0

    def field(self) -> tuple[Any, Any]:
        """Type and default for a pydantic model."""
        default = ... if self.default is None else self.default
        return self._type(), Field(default, description=self.description, validate_default=True)

    def _type(self) -> Any:
        if self.choices:
            return Literal[self.choices]
        if self.type == "string":
            return Annotated[str, StringConstraints(pattern=self.pattern, max_length=self.max_length)]
        if self.type == "boolean":
            return Annotated[bool, Field(strict=True)]
        limits = Field(strict=True, ge=self.minimum, le=self.maximum, allow_inf_nan=False)
        if self.type == "number":
            return Annotated[float, limits]
        return Annotated[int, Field(strict=True, ge=_whole(self.minimum), le=_whole(self.maximum))]


class Template(Titled):
    """The keys of a template file; `docs/templates.md` explains them to operators."""

    model_config = ConfigDict(ignored_types=(cached_property,))

    description: str = ""
    mode: Mode = Mode.FILE
    argv: tuple[str, ...] = Field(min_length=1)
    inputs: tuple[Suffix, ...] = ()
    output_suffix: Suffix | None = None
    folder: Folder | None = None
    in_place: bool = False
    parallel: int | None = Field(default=None, ge=1, le=64)
    time_limit_seconds: float = Field(default=600.0, gt=0, le=604800)
    job_time_limit_seconds: float | None = Field(default=None, gt=0, le=2_592_000)
    memory_limit_bytes: int | None = Field(default=None, ge=1)
    check: ResultCheck = ResultCheck.NOT_EMPTY
    verify: tuple[str, ...] = ()
    accepted_warnings: tuple[Regex, ...] = ()
    parameters: dict[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")], Parameter] = Field(
        default_factory=dict
    )

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        for key, argv in (("argv", self.argv), ("verify", self.verify)):
            self._check_argv(key, argv)
        if self.mode is Mode.FILE and self.output_suffix is None:
            raise ValueError("output_suffix is missing; every file of mode 'file' gives one result with it")
        if self.mode is Mode.FILE and not any("output" in names_in(element) for element in self.argv):
            raise ValueError("argv has no {output}; the program must be told where to write")
        for pattern in self.accepted_warnings:
            _compiled(pattern)
        if "existing" in self.parameters:
            raise ValueError("a parameter cannot be called 'existing': every template of mode 'file' has it")
        self.parameters_model.model_json_schema()
        return self

    def _check_argv(self, key: str, argv: tuple[str, ...]) -> None:
        known = JOB_VALUES | {f"parameters.{name}" for name in self.parameters}
        known |= FILE_VALUES if self.mode is Mode.FILE else frozenset()
        for position, element in enumerate(argv):
            for name in names_in(element):
                if name in PROGRAMS and position == 0 and element == f"{{{name}}}":
                    continue
                if name not in known:
                    choice = ", ".join(f"{{{name}}}" for name in sorted(known))
                    raise ValueError(
                        f"{key}[{position}]: unknown placeholder {{{name}}}; known here: {choice}"
                    )
                if position == 0:
                    raise ValueError(f"{key}[0]: the program is a fixed word, {{magick}} or {{identify}}")

    @property
    def limits(self) -> JobLimits:
        """The limits the template sets for the runner."""
        return JobLimits(
            time_limit_seconds=self.job_time_limit_seconds, memory_limit_bytes=self.memory_limit_bytes
        )

    @cached_property
    def about_images(self) -> bool:
        """Whether sources must be images: ImageMagick reads them, or their properties are used."""
        used = {name for element in self.argv + self.verify for name in names_in(element)}
        return is_magick(self.argv) or self.check is not ResultCheck.NOT_EMPTY or bool(used & IMAGE_VALUES)

    @cached_property
    def parameters_model(self) -> type[Parameters]:
        """The pydantic model of the job parameters this template accepts."""
        fields: dict[str, Any] = {name: declared.field() for name, declared in self.parameters.items()}
        base = ExistingParameters if self.mode is Mode.FILE else Parameters
        return create_model("TemplateParameters", __base__=base, **fields)


def is_magick(argv: Sequence[str]) -> bool:
    """Whether the program is `{magick}` or `{identify}`."""
    return argv[0].strip("{}") in PROGRAMS and argv[0].startswith("{")


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is not a regular expression: {error}") from error


def _whole(limit: float | None) -> int | None:
    return None if limit is None else int(limit)
