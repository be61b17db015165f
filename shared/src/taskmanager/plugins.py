"""The plugin interface: what a third party implements, and how it is found. Knows no broker and no database.

A plugin is a class with a `manifest` and a `run`, named by an entry point of the group `taskmanager.plugins`:

    [project.entry-points."taskmanager.plugins"]
    my-plugin = "my_package:MyPlugin"
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel, Field, JsonValue, ValidationError, WithJsonSchema

from taskmanager.errors import JobFailedError, PermanentError
from taskmanager.existing import Existing
from taskmanager.jobs import FileRecord, JobSpec, PluginName, Record, ShortText
from taskmanager.tools import ToolResult

ENTRY_POINT_GROUP = "taskmanager.plugins"
TEMPLATE_DUMMIES = frozenset({"", "none", "template"})
"""What Goobi's calls write for a template where a word is needed but the default is meant."""

ParametersT = TypeVar("ParametersT", bound=BaseModel)


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
    """Base of a plugin's parameters: unknown ones are refused with a clear message."""

    model_config = {"extra": "forbid", "frozen": True}


class ExistingParameters(Parameters):
    """Base of the parameters of a plugin that calls `JobContext.existing`."""

    existing: Annotated[Existing, WithJsonSchema({"type": "string", "enum": [*Existing]})] = Field(
        default=Existing.KEEP,
        description="What becomes of results of earlier jobs whose page is gone: keep, replace or refuse",
    )


class RetryPolicy(Record):
    """How often a job is tried that fails for a reason its plugin calls temporary (`TemporaryError`).

    The waits double from the first to the longest, each between half of it and all of it, so that many jobs
    that failed together do not come back together.
    """

    attempts: int = Field(default=3, ge=1, le=100)
    first_wait_seconds: float = Field(default=30.0, gt=0)
    longest_wait_seconds: float = Field(default=3600.0, gt=0)


class JobLimits(Record):
    """What one job may use; beyond that its runner ends it as failed. None: as much as it likes.

    `time_limit_seconds` is for the plugin's own work (PROCESSING), `file_time_limit_seconds` for the time
    without a report of progress to the next file; time in which the job is PAUSED counts for neither.
    `memory_limit_bytes` is for all its processes together. `temporary`: such a failure is tried again as
    the plugin's `RetryPolicy` says.
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
        """How long it may take until it comes to the next file."""
        return _span(self.file_time_limit_seconds)

    def overridden_by(self, other: "JobLimits") -> "JobLimits":
        """These limits with those that `other` sets."""
        return self.model_copy(update=other.model_dump(exclude_defaults=True))


def _span(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


class PluginManifest(Record):
    """What the rest of the system must know about a plugin; a runner sends it with its hello.

    `job_type` is the word Goobi uses (`SHELL`). `parameters` is a JSON Schema (draft 2020-12). `templates`
    are the known names; empty means that the plugin takes none. `max_running` limits its running jobs over
    all runners. `outside_effects`: it changes something beyond its results, so two attempts must never
    overlap. `reads_in_place`: it only reads its input, so the copy into the workspace may be spared.
    `takes_files_in_order`: it calls `JobContext.wait_for` before it reads a file, so its input may still be
    on its way while it works. `templates_in_place` are those whose results may take the place of their
    sources; jobs of all others are refused if their destination is their source.
    """

    name: PluginName
    title: ShortText
    job_type: ShortText
    version: ShortText = "0"
    parameters: dict[str, JsonValue] = Field(default_factory=Parameters.model_json_schema)
    templates: tuple[ShortText, ...] = ()
    template_default: ShortText | None = None
    templates_in_place: tuple[ShortText, ...] = Field(default=(), exclude_if=lambda names: not names)
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
    """The circuit breaker: so many jobs in a row that end in ERROR stop the plugin; None: never."""
    limits: JobLimits = JobLimits()
    template_limits: dict[ShortText, JobLimits] = Field(default_factory=dict)
    """What a template sets goes before `limits`."""
    processors: int | None = Field(default=None, ge=1)
    """How many processors a job may use at once; None: all of its machine."""

    def limits_for(self, template: str | None) -> JobLimits:
        """The limits of a job that names this template."""
        if not self.template_limits or not self.knows_template(template or ""):
            return self.limits  # of a template nobody knows: the job is going to fail for that
        chosen = self.choose_template(template)
        return self.limits.overridden_by(self.template_limits.get(chosen or "", JobLimits()))

    def works_in_place(self, template: str | None) -> bool:
        """Whether a job that names this template may replace its own sources."""
        if not self.templates_in_place or not self.knows_template(template or ""):
            return False
        return self.choose_template(template) in self.templates_in_place

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
        message = f"plugin {self.name} has no template {name!r}; it has: {', '.join(self.templates)}"
        raise JobFailedError(message)


class JobLog(Protocol):
    """The job's own log, shown on its page."""

    def info(self, text: str) -> None:
        """Something worth knowing."""

    def warning(self, text: str) -> None:
        """Something an operator should look at."""

    def error(self, text: str) -> None:
        """Something that failed."""


class JobContext(Protocol):
    """What a plugin may use while it runs one job. Calls are cheap; use them between any two files."""

    @property
    def job_id(self) -> str:
        """Identifier of the job."""

    @property
    def attempt(self) -> int:
        """Number of this try, from 1."""

    @property
    def spec(self) -> JobSpec:
        """The specification as it was submitted."""

    @property
    def template(self) -> str | None:
        """The template to use: the job's, or the plugin's default."""

    @property
    def source(self) -> Path | None:
        """The folder or file to read: a copy, or the original read in place. Never write here."""

    @property
    def output(self) -> Path:
        """An empty folder; what lies in it when `run` returns is the result of the job."""

    @property
    def scratch(self) -> Path:
        """An empty folder for anything else; it is thrown away."""

    @property
    def log(self) -> JobLog:
        """The job's log."""

    def files(self) -> Sequence[Path]:
        """The files of the source in natural order, without hidden ones."""

    def wait_for(self, file: Path) -> None:
        """Return when this one of `files()` may be read; at once if it is there, else a checkpoint.

        To be called for every file, in the order of `files()`, by a plugin that declares
        `takes_files_in_order`; any thread may. Raises JobFailedError if the file could not be brought.
        """

    def finished(self, result: Path) -> None:
        """This result below `output` is complete: it may travel while the next is made. Do not change it."""

    def existing(self, policy: Existing, results: Collection[Path]) -> None:
        """Say before any work which results there will be, and what becomes of those of earlier jobs.

        `results` are paths below `output`. Files in the same folders of the destination with the same
        suffixes that none of the results replaces are named in a warning, removed when the results come, or
        a reason to refuse the job (JobFailedError), as `policy` says. Does nothing about other pages for a
        job whose source is a single file.
        """

    def record(self, file: FileRecord) -> None:
        """Say what became of one file; it is kept with the job, and one line of the job's log is made of it.

        Its warnings go to the log as warnings, and so count as warnings of the job.
        """

    def progress(self, done: int, total: int, current_file: str | None = None) -> None:
        """Say how many of how many files are done, and which one is at work."""

    def checkpoint(self) -> None:
        """A place where the job may be suspended or cancelled; call it between two files."""

    def run_tool(
        self,
        argv: Sequence[str | Path],
        *,
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
        time_limit: timedelta | None = None,
        log_stdout: bool = False,
    ) -> ToolResult:
        """Run a program in the job's process group and return what it wrote; threads may call it at once.

        `environment` is added to the small one tools get. What it writes to stderr goes to the log line by
        line while it runs; with `log_stdout` its stdout too, for a program that tells people there what it
        does. The log also shows the command, once for each kind of command. Raises ToolFailedError with exit
        code or signal and the end of stderr, also when `time_limit` is over.
        """


@runtime_checkable
class Plugin(Protocol):
    """One kind of job. Instances are made without arguments, once for each slot process."""

    @property
    def manifest(self) -> PluginManifest:
        """What the plugin is called and what it takes."""

    def run(self, context: JobContext) -> None:
        """Do the job: read `context.source`, write into `context.output`.

        Raise JobFailedError for a verdict about the input, any other exception for a defect;
        both end the job as ERROR with message and traceback.
        """


def parse_parameters(model: type[ParametersT], values: Mapping[str, JsonValue]) -> ParametersT:
    """Typed parameters of a job; raises JobFailedError naming the first wrong one."""
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        message = f"parameter {'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise JobFailedError(message) from error


def installed_names() -> list[str]:
    """Names of the installed plugins, sorted."""
    return sorted(entry.name for entry in entry_points(group=ENTRY_POINT_GROUP))


def load(name: str) -> Plugin:
    """The installed plugin of that name; raises PermanentError if there is none or it is no plugin."""
    for entry in _entries(name):
        made: Any = entry.load()()
        if not isinstance(made, Plugin):
            message = (
                f"entry point {name} of {ENTRY_POINT_GROUP} gives {type(made).__name__}, which is no plugin"
            )
            raise PermanentError(message)
        if made.manifest.name != name:
            message = f"entry point {name} gives a plugin that calls itself {made.manifest.name}"
            raise PermanentError(message)
        return made
    known = ", ".join(installed_names()) or "none"
    message = f"no plugin named {name} is installed; installed: {known}"
    raise PermanentError(message)


def _entries(name: str) -> Iterator[Any]:
    yield from entry_points(group=ENTRY_POINT_GROUP, name=name)
