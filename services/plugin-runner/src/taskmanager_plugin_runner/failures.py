"""Turns exceptions into what an operator reads: one sentence saying what to do, and the traceback.

Knows the file system's error numbers; knows nothing about how a failure is reported.
"""

import errno
import os
import signal
import traceback
from typing import NoReturn

from taskmanager.errors import JobFailedError, JobKilledError, TemporaryError
from taskmanager.model.jobs import JobError
from taskmanager_plugin_runner.system.memory import size_words

MESSAGE_CHARACTERS = 4_000
TRACEBACK_CHARACTERS = 20_000
UNTIDY = "The folders could not be put back as they were; the next try repeats it"

_SENTENCES = {
    errno.ENOSPC: "no space is left on the file system of {path}: free some and retry the job",
    errno.EDQUOT: "the disk quota for {path} is used up: free some space or raise it, then retry the job",
    errno.EACCES: "the runner's user may not access {path}: give it the permission and retry the job",
    errno.EPERM: "the runner's user may not change {path}: give it the permission and retry the job",
    errno.EROFS: "{path} lies on a file system that is mounted read-only",
    errno.ENOENT: "{path} does not exist",
    errno.ENOTDIR: "a part of {path} is no folder",
    errno.ELOOP: "{path} leads through a link that was not there when the job looked at it: restore the file",
    errno.EIO: "reading or writing {path} failed in the storage itself: check the disk or the file server",
    errno.ESTALE: "the file server lost {path}: mount it anew and retry the job",
    errno.ENOTCONN: "the file server of {path} is not connected: mount it anew and retry the job",
    errno.ENAMETOOLONG: "the name of {path} is too long for its file system",
    errno.EMFILE: "too many files are open at once; the limit of the runner's user (ulimit -n) is reached",
    errno.ENOMEM: "the machine has no memory left",
}


def printable(text: str) -> str:
    """`text` made valid UTF-8, since file names may contain any bytes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def clean_text(text: str, limit: int) -> str:
    """`text` made valid UTF-8, at most `limit` characters, with the end kept."""
    clean = printable(text)
    return clean if len(clean) <= limit else "…" + clean[1 - limit :]


def shorten(text: str, limit: int) -> str:
    """`text` made valid UTF-8, at most `limit` characters, with the beginning kept."""
    clean = printable(text)
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def file_sentence(error: OSError) -> str:
    """One sentence about a failed file operation, with the path if the system gave it."""
    path = error.filename2 or error.filename
    sentence = _SENTENCES.get(error.errno or 0)
    if sentence is None:
        return str(error)
    return sentence.format(path=os.fsdecode(path) if isinstance(path, str | bytes) else "a file of the job")


def error_message(error: BaseException) -> str:
    """The full message of an exception, however long."""
    return file_sentence(error) if isinstance(error, OSError) else str(error) or type(error).__name__


def too_long_for_the_job(message: str) -> bool:
    """Whether the job keeps only the beginning of the message; the full text then belongs in its log."""
    return len(message) > MESSAGE_CHARACTERS


def _cut(message: str) -> str:
    if not too_long_for_the_job(message):
        return shorten(message, MESSAGE_CHARACTERS)
    said = f"… [the first of {len(message):,} characters; more of them in the log]"
    return printable(message[:MESSAGE_CHARACTERS])[: MESSAGE_CHARACTERS - len(said)] + said


def job_error(error: BaseException) -> JobError:
    """The error that the job keeps for an exception."""
    message = error_message(error)
    trace = "".join(traceback.format_exception(error))
    return JobError(
        message=_cut(message),
        kind=type(error).__name__,
        temporary=isinstance(error, TemporaryError),
        traceback=clean_text(trace, TRACEBACK_CHARACTERS),
    )


def signal_name(number: int) -> str:
    """`SIGKILL` for 9; `signal NUMBER` for one without a name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def ending(returncode: int) -> str:
    """How a process ended, in words, from the return code of `subprocess` (negative: a signal)."""
    return f"killed by {signal_name(-returncode)}" if returncode < 0 else f"exit code {returncode}"


class SlotEndedError(JobKilledError):
    """The process of a slot ended. `expected`: this runner killed it; `starved`: its memory limit did."""

    def __init__(self, returncode: int, peak_bytes: int, *, expected: bool, starved: bool = False) -> None:
        """`peak_bytes` is the most memory its largest process used since the slot was started."""
        super().__init__(
            f"the process of the job ended: {ending(returncode)}; its largest process had "
            f"{size_words(peak_bytes)} of memory at most"
        )
        self.returncode, self.expected, self.starved = returncode, expected, starved


def killer_words(error: JobKilledError, *, struck: bool | None) -> str:
    """Who sent SIGKILL, as far as this is known; `struck`: the kernel killed a process for lack of memory."""
    if not isinstance(error, SlotEndedError) or error.expected or error.returncode != -signal.SIGKILL:
        return ""
    if struck is None:
        return "; nobody here sent it, so probably the machine was out of memory (its kernel's log tells)"
    if struck:
        return "; the kernel's out-of-memory killer was at work, so probably it was that (its log tells)"
    return "; nobody here sent it, and the kernel's out-of-memory killer was not at work"


def refuse(error: OSError, what: str) -> NoReturn:
    """Raise JobFailedError for a file operation: `what` could not be done, and the reason."""
    raise JobFailedError(f"{what}: {file_sentence(error)}") from error


def with_problem(text: str, problem: str | None) -> str:
    """How a job ended, and why its folders could not be restored, if that is so."""
    return text if problem is None else f"{text}\n{UNTIDY}: {problem}"
