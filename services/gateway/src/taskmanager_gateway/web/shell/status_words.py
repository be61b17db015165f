"""What people call the statuses of a job; the codes are for programs and stand beside them in details."""

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
