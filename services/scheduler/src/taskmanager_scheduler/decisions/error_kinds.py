"""The kinds of errors that metrics tell apart: a closed set, whatever exceptions plugins raise. Pure."""

import builtins
from enum import StrEnum

from taskmanager.model.jobs import Job, JobError


class ErrorKind(StrEnum):
    """Why an attempt failed."""

    CRASH = "crash"
    """Its process, or its runner, ended without an answer."""
    TIME_LIMIT = "time_limit"
    MEMORY_LIMIT = "memory_limit"
    TEMPORARY = "temporary"
    """According to the plugin, the same job may succeed later."""
    REFUSED = "refused"
    """The plugin's own verdict on this input, or that of a tool."""
    FILES = "files"
    """The operating system refused a file operation."""
    DEFECT = "defect"
    """Any other exception: probably a defect of the plugin."""


_BY_NAME = {
    "Crash": ErrorKind.CRASH,
    "RunnerLost": ErrorKind.CRASH,
    "TimeLimit": ErrorKind.TIME_LIMIT,
    "MemoryLimit": ErrorKind.MEMORY_LIMIT,
    "JobFailedError": ErrorKind.REFUSED,
    "ToolFailedError": ErrorKind.REFUSED,
}
_OF_THE_SYSTEM = frozenset(
    name for name, one in vars(builtins).items() if isinstance(one, type) and issubclass(one, OSError)
)
"""The names of `OSError` and its subclasses, as `JobError.kind` has them."""


def kind_of(error: JobError) -> ErrorKind:
    """The kind of a job's error."""
    if (named := _BY_NAME.get(error.kind)) is not None:
        return named
    if error.temporary:
        return ErrorKind.TEMPORARY
    return ErrorKind.FILES if error.kind in _OF_THE_SYSTEM else ErrorKind.DEFECT


def new_error(before: Job | None, after: Job) -> ErrorKind | None:
    """The kind of the error that a change brought to a job, if it did.

    A crash after which the job is tried again leaves no error with it, only a higher count.
    """
    if after.crashes > (before.crashes if before is not None else 0):
        return ErrorKind.CRASH
    if after.error is None or after.attempt == 0:
        return None
    known = before is not None and before.error is not None and before.attempt == after.attempt
    return None if known else kind_of(after.error)
