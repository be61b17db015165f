"""What people call statuses and kinds of errors; the codes are for programs and stand beside them."""

from collections.abc import Mapping
from typing import Final

from taskmanager.model.states import MEANING, Status

STATUS_WORDS: Final[Mapping[Status, str]] = {
    Status.STARTED: "waiting",
    Status.WAITINGFORUPLOAD: "waiting for transfer",
    Status.UPLOAD: "fetching its input",
    Status.PROCESSING: "working",
    Status.DOWNLOAD: "placing results",
    Status.PAUSED: "paused",
    Status.DONE: "done",
    Status.ERROR: "failed",
    Status.CANCELLED: "cancelled",
}
"""Status -> its word in English, which the catalogues translate."""
MEANINGS: Final[Mapping[Status, str]] = {status: meaning for status, (meaning, _, _) in MEANING.items()}
"""Status -> what it means; the same as in `docs/state-machine.md`."""

ERROR_WORDS: Final[Mapping[str, str]] = {
    "JobFailedError": "the job cannot be done like this",
    "ToolFailedError": "a program failed",
    "TemporaryError": "it may pass",
    "JobKilledError": "its process was ended",
    "SlotEndedError": "its process ended",
    "RunnerLost": "its runner was lost",
    "duplicate": "a job with its key was there already",
    "MemoryError": "not enough memory",
    **dict.fromkeys(
        ("OSError", "FileNotFoundError", "PermissionError", "NotADirectoryError"), "a file operation failed"
    ),
}
"""Kind of an error -> its words in English; other exceptions of plugins are shown by their names."""
