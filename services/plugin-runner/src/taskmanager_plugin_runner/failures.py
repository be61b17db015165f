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
from taskmanager.model.printable import printable
from taskmanager.model.reasons.coded_text import TextCode, reason_of, told
from taskmanager.model.reasons.job_texts import attempt_texts, file_texts
from taskmanager_plugin_runner.system.memory import size_words

MESSAGE_CHARACTERS = 4_000
TRACEBACK_CHARACTERS = 20_000

_TEXTS = {
    errno.ENOSPC: file_texts.NO_SPACE,
    errno.EDQUOT: file_texts.QUOTA,
    errno.EACCES: file_texts.NO_ACCESS,
    errno.EPERM: file_texts.NO_CHANGE,
    errno.EROFS: file_texts.READ_ONLY,
    errno.ENOENT: file_texts.NOT_FOUND,
    errno.ENOTDIR: file_texts.PART_NO_FOLDER,
    errno.ELOOP: file_texts.NEW_LINK,
    errno.EIO: file_texts.STORAGE_FAILED,
    errno.ESTALE: file_texts.LOST_BY_SERVER,
    errno.ENOTCONN: file_texts.SERVER_AWAY,
    errno.ENAMETOOLONG: file_texts.NAME_TOO_LONG,
}
_TEXTS_WITHOUT_PATH = {errno.EMFILE: file_texts.TOO_MANY_OPEN, errno.ENOMEM: file_texts.NO_MEMORY}


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
    number = error.errno or 0
    if number in _TEXTS_WITHOUT_PATH:
        return _TEXTS_WITHOUT_PATH[number]()
    if number not in _TEXTS:
        return str(error)
    known = isinstance(path, str | bytes)
    return _TEXTS[number](path=os.fsdecode(path) if known else file_texts.SOME_FILE())


def error_message(error: BaseException) -> str:
    """The full message of an exception, however long."""
    return file_sentence(error) if isinstance(error, OSError) else told(error) or type(error).__name__


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
        reason=None if too_long_for_the_job(message) else reason_of(message),
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
    if returncode < 0:
        return attempt_texts.KILLED_BY(signal=signal_name(-returncode))
    return attempt_texts.EXIT_CODE(number=returncode)


class SlotEndedError(JobKilledError):
    """The process of a slot ended. `expected`: this runner killed it; `starved`: its memory limit did."""

    def __init__(self, returncode: int, peak_bytes: int, *, expected: bool, starved: bool = False) -> None:
        """`peak_bytes` is the most memory its largest process used since the slot was started."""
        super().__init__(attempt_texts.PROCESS_ENDED(ending=ending(returncode), peak=size_words(peak_bytes)))
        self.returncode, self.expected, self.starved = returncode, expected, starved


def killer_words(error: JobKilledError, *, struck: bool | None) -> str | None:
    """Who sent SIGKILL, as far as this is known; `struck`: the kernel killed a process for lack of memory."""
    if not isinstance(error, SlotEndedError) or error.expected or error.returncode != -signal.SIGKILL:
        return None
    if struck is None:
        return attempt_texts.BY_MACHINE()
    return attempt_texts.BY_KERNEL() if struck else attempt_texts.BY_NOBODY()


def refuse(error: OSError, what: TextCode, **about: object) -> NoReturn:
    """Raise JobFailedError for a file operation: `what` could not be done, and the reason."""
    raise JobFailedError(what(**about, error=file_sentence(error))) from error


def with_problem(text: str, problem: str | None) -> str:
    """How a job ended, and why its folders could not be restored, if that is so."""
    return text if problem is None else attempt_texts.UNTIDY(error=text, problem=problem)
