"""Submissions that are accepted but perhaps not yet stored, so that any gateway finds a job at once."""

from collections import OrderedDict
from collections.abc import Iterator

from pydantic_core import to_json

from taskmanager.messages import Submit
from taskmanager.model.jobs import Job


class Recent:
    """A bounded memory of the newest submissions; of a stored one it only remembers that it is stored.

    Kept as bytes: a third of the memory of the objects, and nothing for the garbage collector to traverse.
    """

    def __init__(self, limit: int) -> None:
        """`limit` entries are kept; the oldest are dropped first."""
        self._limit = limit
        self._entries: OrderedDict[str, bytes | None] = OrderedDict()

    def accepted(self, job: str, body: bytes) -> None:
        """The broker accepted this message. Does nothing if it is known: the news arrives by two routes."""
        if not self.knows(job):
            self._put(job, body)

    def stored(self, job: str) -> None:
        """The job is stored: from now on it is read from the store."""
        self._put(job, None)

    def knows(self, job: str) -> bool:
        """Whether anything is remembered of the job."""
        return job in self._entries

    def is_stored(self, job: str) -> bool:
        """Whether the job has been reported as stored."""
        return self._entries.get(job, b"") is None

    def forget(self, job: str) -> None:
        """Drop the job: it will not be stored."""
        self._entries.pop(job, None)

    def get(self, job: str) -> Submit | None:
        """The submission, unless it is unknown or stored."""
        body = self._entries.get(job)
        return None if body is None else Submit.model_validate_json(body)

    def containing(self, text: str) -> Iterator[Submit]:
        """Submissions not yet stored that contain the text anywhere, the newest first."""
        wanted = to_json(text)[1:-1]
        for body in reversed(self._entries.values()):
            if body is not None and wanted in body:
                yield Submit.model_validate_json(body)

    def _put(self, job: str, entry: bytes | None) -> None:
        self._entries[job] = entry
        if len(self._entries) > self._limit:
            self._entries.popitem(last=False)


def accepted_job(submit: Submit) -> Job:
    """The job as the scheduler will first store it."""
    return submit.new_job(queued_at=submit.submitted_at)
