"""What a plugin declares about itself: its parameters, templates, limits and retries."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, Field, JsonValue, StringConstraints, model_validator

from taskmanager.errors import JobFailedError
from taskmanager.model.jobs import PluginName, Record, ShortText
from taskmanager.model.reasons.catalogue import places, without_places
from taskmanager.model.reasons.job_texts import attempt_texts

TEMPLATE_DUMMIES = frozenset({"", "none", "template"})
"""What Goobi's calls send as template where a word is required but the default is meant."""


class PauseSupport(StrEnum):
    """How a running job of the plugin can be suspended."""

    NONE = "none"
    CHECKPOINT = "checkpoint"
    SIGNAL = "signal"


class Need(StrEnum):
    """Whether a job of the plugin has a source or a destination."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    UNUSED = "unused"


class Parameters(BaseModel):
    """Base of a plugin's parameters: unknown ones are rejected with a clear message."""

    model_config = {"extra": "forbid", "frozen": True}


class RetryPolicy(Record):
    """How often a job that fails for a temporary reason (`TemporaryError`) is tried.

    The waits double from the first to the longest. Each is randomised between half and all of its length, so
    that many jobs that failed together do not come back together.
    """

    attempts: int = Field(default=3, ge=1, le=100)
    first_wait_seconds: float = Field(default=30.0, gt=0)
    longest_wait_seconds: float = Field(default=3600.0, gt=0)


class JobLimits(Record):
    """What one job may use; its runner ends a job that exceeds a limit as failed. None: no limit.

    `time_limit_seconds` is for the plugin's own work (PROCESSING), `file_time_limit_seconds` for the time
    without a progress report for the next file; time during which the job is PAUSED does not count for
    either. `memory_limit_bytes` is for all its processes together. `temporary`: such a failure is retried
    according to the plugin's `RetryPolicy`.
    """

    time_limit_seconds: float | None = Field(default=None, gt=0)
    file_time_limit_seconds: float | None = Field(default=None, gt=0)
    memory_limit_bytes: int | None = Field(default=None, ge=1)
    temporary: bool = False

    @property
    def time_limit(self) -> timedelta | None:
        """How long the plugin may work on one job."""
        return _span(self.time_limit_seconds)

    @property
    def file_time_limit(self) -> timedelta | None:
        """How long the plugin may take to reach the next file."""
        return _span(self.file_time_limit_seconds)

    def overridden_by(self, other: "JobLimits") -> "JobLimits":
        """These limits, overridden by those that `other` sets."""
        return self.model_copy(update=other.model_dump(exclude_defaults=True))


def _span(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


CODES_MOST = 500
"""Limit on the codes of one plugin; more would make its hello message too large."""
CodeName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
Sentence = Annotated[str, StringConstraints(min_length=1, max_length=1_000)]


class PluginText(Record):
    """The sentence of a plugin's code, in English and by language. Placeholders are written `%(name)s`."""

    english: Sentence
    translations: dict[Language, Sentence] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _same_places(self) -> "PluginText":
        for sentence in (self.english, *self.translations.values()):
            if places(sentence) != places(self.english):
                raise ValueError(f"{sentence!r} does not name what {self.english!r} names")
            if "%" in without_places(sentence):
                raise ValueError(f"{sentence!r} has a % that is no place: write it twice")
        return self


Translated = tuple[str, Mapping[str, str]]
"""A title in English and by language."""
_TITLE = "title"
TITLED_MOST = 200
"""Templates with titles; an operator who has more finds the others by their names."""


def title_texts(own: Translated, templates: Sequence[Translated] = ()) -> dict[str, PluginText]:
    """The titles of a plugin and of its templates, in the order of the manifest, for its `texts`.

    There they have names of their own, so that services of an earlier release read the manifest as well.
    """
    titled = {_template_title(place): _title(one) for place, one in enumerate(templates[:TITLED_MOST])}
    return {_TITLE: _title(own), **titled}


def _template_title(place: int) -> str:
    """The name of a template's title among the texts; names of templates have characters that those lack."""
    return f"template_{place}"


def _title(title: Translated) -> PluginText:
    """The title as a sentence without placeholders."""
    english, translations = title
    escaped = {language: _escaped(one) for language, one in translations.items()}
    return PluginText(english=_escaped(english), translations=escaped)


def _escaped(title: str) -> str:
    return title.replace("%", "%%")


def _title_in(language: str, text: PluginText) -> str:
    return text.translations.get(language, "").replace("%%", "%")


PLUGIN_CODES = "plugin"


def plugin_code(plugin: str, name: str) -> str:
    """The full name of a plugin's code, unique among the codes of all services and plugins."""
    return f"{PLUGIN_CODES}.{plugin}.{name}"


class PluginManifest(Record):
    """What the rest of the system must know about a plugin; a runner sends it with its hello.

    `job_type` is the word Goobi uses (`SHELL`). `parameters` is a JSON Schema (draft 2020-12). `templates`
    are the known names; empty if the plugin takes none. `max_running` limits its running jobs over all
    runners. `outside_effects`: it changes something beyond its results, so two attempts must never overlap.
    `reads_in_place`: it only reads its input, which therefore need not be copied into the workspace.
    `takes_files_in_order`: it calls `JobContext.wait_for` before it reads a file, so its input may still be
    arriving while it works. `templates_in_place` are those whose results may replace their sources; all other
    jobs are refused if their destination is their source. `source_parts` are patterns of what is taken of a
    source with folders in it, by default its own files only (`taskmanager.files.parts`).
    """

    name: PluginName
    title: ShortText
    job_type: ShortText
    version: ShortText = "0"
    parameters: dict[str, JsonValue] = Field(default_factory=Parameters.model_json_schema)
    templates: tuple[ShortText, ...] = ()
    template_default: ShortText | None = None
    templates_in_place: tuple[ShortText, ...] = Field(default=(), exclude_if=lambda names: not names)
    source_parts: tuple[ShortText, ...] = Field(default=(), exclude_if=lambda patterns: not patterns)
    template_source_parts: dict[ShortText, tuple[ShortText, ...]] = Field(
        default_factory=dict, exclude_if=lambda patterns: not patterns
    )
    """What is set for a template replaces `source_parts`."""
    source: Need = Need.REQUIRED
    destination: Need = Need.REQUIRED
    pause: PauseSupport = PauseSupport.NONE
    outside_effects: bool = False
    reads_in_place: bool = False
    takes_files_in_order: bool = Field(default=False, exclude_if=lambda flag: not flag)
    max_running: int | None = Field(default=None, ge=1)
    grace_seconds: float = Field(default=10.0, ge=0)
    retry: RetryPolicy = RetryPolicy()
    stop_after_failures: int | None = Field(default=None, ge=1)
    """The circuit breaker: this many consecutive jobs that end in ERROR stop the plugin; None: never."""
    limits: JobLimits = JobLimits()
    template_limits: dict[ShortText, JobLimits] = Field(default_factory=dict)
    """What is set for a template takes precedence over `limits`."""
    processors: int | None = Field(default=None, ge=1)
    """How many processors a job may use at once; None: all those of its machine."""
    texts: dict[CodeName, PluginText] = Field(
        default_factory=dict, max_length=CODES_MOST, exclude_if=lambda texts: not texts
    )
    """The sentences of the plugin's own codes (`taskmanager.plugin_api.PluginTexts`)."""

    def title_in(self, language: str) -> str:
        """The plugin's title in the language, else the one that every manifest has."""
        text = self.texts.get(_TITLE)
        if text is None or text.english != _escaped(self.title):
            return self.title  # a code that an author happened to call so
        return _title_in(language, text) or self.title

    def template_title_in(self, language: str, template: str) -> str:
        """The title of one of its templates in the language, else in English; empty if it has none."""
        text = self.texts.get(_template_title(self.templates.index(template)))
        return "" if text is None else _title_in(language, text) or text.english.replace("%%", "%")

    def limits_for(self, template: str | None) -> JobLimits:
        """The limits of a job that names this template."""
        if not self.template_limits or not self.knows_template(template or ""):
            return self.limits  # for an unknown template: the job is going to fail because of it
        chosen = self.choose_template(template)
        return self.limits.overridden_by(self.template_limits.get(chosen or "", JobLimits()))

    def works_in_place(self, template: str | None) -> bool:
        """Whether a job that names this template may replace its own sources."""
        if not self.templates_in_place or not self.knows_template(template or ""):
            return False
        return self.choose_template(template) in self.templates_in_place

    def parts_for(self, template: str | None) -> tuple[str, ...]:
        """The patterns of what a job that names this template takes of its source; none for its own files."""
        if not self.template_source_parts or not self.knows_template(template or ""):
            return self.source_parts
        chosen = self.choose_template(template) if template else self.template_default
        return self.template_source_parts.get(chosen or "", self.source_parts)

    def knows_template(self, name: str) -> bool:
        """Whether `choose_template` finds one."""
        try:
            self.choose_template(name)
        except JobFailedError:
            return False
        return True

    def choose_template(self, name: str | None) -> str | None:
        """The known template meant by `name`; None only if the plugin takes none.

        Goobi's calls write a name with or without `.xml`, and `template` or `none` where they mean the
        default. Raises JobFailedError naming the known ones.
        """
        if not self.templates or name is None:
            return self.template_default
        if name in self.templates:
            return name
        plain = name.removesuffix(".xml").removesuffix(".toml")
        if plain in self.templates:
            return plain
        if plain in TEMPLATE_DUMMIES and self.template_default is not None:
            return self.template_default
        raise JobFailedError(
            attempt_texts.NO_TEMPLATE(plugin=self.name, template=repr(name), known=", ".join(self.templates))
        )
