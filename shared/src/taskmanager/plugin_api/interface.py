"""The plugin interface: what a third party implements, and how it is found. Knows no broker and no database.

A plugin is a class with a `manifest` and a `run`, named by an entry point of the group `taskmanager.plugins`:

    [project.entry-points."taskmanager.plugins"]
    my-plugin = "my_package:MyPlugin"
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Annotated, Any, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel, Field, JsonValue, ValidationError, WithJsonSchema

from taskmanager.errors import JobFailedError, PermanentError
from taskmanager.model.jobs import FileRecord, JobSpec
from taskmanager.model.manifest import Parameters, PluginManifest
from taskmanager.model.reasons.job_texts import attempt_texts
from taskmanager.plugin_api.existing_results import Existing
from taskmanager.plugin_api.extras import why_missing
from taskmanager.plugin_api.tools import ToolResult
from taskmanager.plugin_api.words import words

ENTRY_POINT_GROUP = "taskmanager.plugins"

ParametersT = TypeVar("ParametersT", bound=BaseModel)


class ExistingParameters(Parameters):
    """Base of the parameters of a plugin that calls `JobContext.existing`."""

    existing: Annotated[Existing, WithJsonSchema({"type": "string", "enum": [*Existing]})] = Field(
        default=Existing.KEEP,
        title="Results of pages that are gone",
        description="What becomes of results of earlier jobs whose page is gone: keep, replace or refuse",
        json_schema_extra=words(
            de=(
                "Ergebnisse von Seiten, die es nicht mehr gibt",
                (
                    "Was aus Ergebnissen früherer Jobs wird, deren Seite es nicht mehr gibt: "
                    "behalten (keep), ersetzen (replace) oder ablehnen (refuse)"
                ),
            )
        ),
    )


class JobLog(Protocol):
    """The job's own log, shown on its page."""

    def info(self, text: str) -> None:
        """Something worth knowing."""

    def warning(self, text: str) -> None:
        """Something an operator should check."""

    def error(self, text: str) -> None:
        """Something that failed."""


class JobContext(Protocol):
    """What a plugin may use while it runs one job. Calls are cheap; use them between any two files."""

    @property
    def job_id(self) -> str:
        """Identifier of the job."""

    @property
    def attempt(self) -> int:
        """Number of this attempt, from 1."""

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
        """An empty folder; its contents when `run` returns are the results of the job."""

    @property
    def scratch(self) -> Path:
        """An empty folder for anything else; it is discarded."""

    @property
    def log(self) -> JobLog:
        """The job's log."""

    def files(self) -> Sequence[Path]:
        """The files of the source in natural order, without hidden ones.

        With `source_parts` in the manifest: the files that were taken, each in its folder below `source` (or
        below the folder of a source that is a file).
        """

    def wait_for(self, file: Path) -> None:
        """Return when this one of `files()` may be read, at once if it is there; waiting is a checkpoint.

        A plugin that declares `takes_files_in_order` calls it for every file, in the order of `files()`; any
        thread may call it. Raises JobFailedError if the file could not be fetched.
        """

    def finished(self, result: Path) -> None:
        """A result below `output` is complete; it may be copied while others are made. Do not change it."""

    def existing(self, policy: Existing, results: Collection[Path]) -> None:
        """Declare before any work which results there will be, and what to do about those of earlier jobs.

        `results` are paths below `output`. Files in the same folders of the destination with the same
        suffixes that none of the results replaces are named in a warning, removed when the results are
        placed, or a reason to refuse the job (JobFailedError), depending on `policy`. For a job whose source
        is a single file, nothing is done about other pages; a job without a source has all of its pages.
        """

    def record(self, file: FileRecord) -> None:
        """Record what happened to one file; it is kept with the job, and added to the job's log as one line.

        Its warnings are logged as warnings, and so count as warnings of the job.
        """

    def progress(self, done: int, total: int, current_file: str | None = None) -> None:
        """Report how many of how many files are done, and which one is being worked on."""

    def checkpoint(self) -> None:
        """A point at which the job may be suspended or cancelled; call it between two files."""

    def run_tool(
        self,
        argv: Sequence[str | Path],
        *,
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
        time_limit: timedelta | None = None,
        log_stdout: bool = False,
    ) -> ToolResult:
        """Run a program in the job's process group and return its output; threads may call it concurrently.

        `environment` is added to the minimal one that tools get. What it writes to stderr goes to the log
        line by line while it runs; with `log_stdout` its stdout does too, for a program that reports there
        what it does. The log also shows the command, once for each kind of command. Raises ToolFailedError
        with exit code or signal and the end of stderr, also when `time_limit` is exceeded.
        """


@runtime_checkable
class Plugin(Protocol):
    """One kind of job. Instances are created without arguments, once for each slot process."""

    @property
    def manifest(self) -> PluginManifest:
        """The plugin's name and what it accepts."""

    def run(self, context: JobContext) -> None:
        """Do the job: read `context.source`, write into `context.output`.

        Raise JobFailedError for a verdict about the input, any other exception for a defect; both end the job
        as ERROR with message and traceback.
        """


def parse_parameters(model: type[ParametersT], values: Mapping[str, JsonValue]) -> ParametersT:
    """Typed parameters of a job; raises JobFailedError naming the first invalid one."""
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(map(str, first["loc"]))
        raise JobFailedError(attempt_texts.BAD_PARAMETER(name=name, problem=first["msg"])) from error


def installed_names() -> list[str]:
    """Names of the installed plugins that lack nothing, sorted."""
    return sorted(entry.name for entry in entry_points(group=ENTRY_POINT_GROUP) if why_missing(entry) is None)


def incomplete() -> list[str]:
    """A sentence for each installed plugin that lacks packages, sorted: which, and how to install them."""
    found = [why_missing(entry) for entry in entry_points(group=ENTRY_POINT_GROUP)]
    return sorted(sentence for sentence in found if sentence is not None)


def load(name: str) -> Plugin:
    """The installed plugin of that name; raises PermanentError if there is none, or it lacks a package."""
    for entry in _entries(name):
        if lacking := why_missing(entry):
            raise PermanentError(lacking)
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


def entry_point(name: str) -> EntryPoint | None:
    """The entry point of the installed plugin of that name."""
    return next(iter(_entries(name)), None)


def _entries(name: str) -> Iterator[Any]:
    yield from entry_points(group=ENTRY_POINT_GROUP, name=name)
