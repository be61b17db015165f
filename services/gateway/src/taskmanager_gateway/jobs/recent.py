"""Submissions that are accepted but perhaps not stored yet, so that any gateway finds a job at once."""

from collections import OrderedDict
from collections.abc import Iterator

from pydantic_core import to_json

from taskmanager.messages import Submit
from taskmanager.model.jobs import Job
from taskmanager.model.states import Status


class Recent:
    """A bounded memory of the newest submissions; of a stored one only that it is stored.

    Kept as bytes: a third of the memory of the objects, and nothing for the garbage collector to walk.
    """

    def __init__(self, limit: int) -> None:
        """`limit` entries are kept, the oldest go first."""
        self._limit = limit
        self._entries: OrderedDict[str, bytes | None] = OrderedDict()

    def accepted(self, job: str, body: bytes) -> None:
        """The broker took this message. Does nothing if it is known already: the news travels on two ways."""
        if job not in self._entries:
            self._put(job, body)

    def stored(self, job: str) -> None:
        """The store knows it now and is the place to ask."""
        self._put(job, None)

    def is_stored(self, job: str) -> bool:
        """Whether there was news that the store knows it."""
        return self._entries.get(job, b"") is None

    def forget(self, job: str) -> None:
        """It is not going to be stored."""
        self._entries.pop(job, None)

    def get(self, job: str) -> Submit | None:
        """The submission, unless it is unknown or stored."""
        body = self._entries.get(job)
        return None if body is None else Submit.model_validate_json(body)

    def containing(self, text: str) -> Iterator[Submit]:
        """Submissions that are not stored yet and hold the text somewhere, the newest first."""
        wanted = to_json(text)[1:-1]
        for body in reversed(self._entries.values()):
            if body is not None and wanted in body:
                yield Submit.model_validate_json(body)

    def _put(self, job: str, entry: bytes | None) -> None:
        self._entries[job] = entry
        if len(self._entries) > self._limit:
            self._entries.popitem(last=False)


def accepted_job(submit: Submit) -> Job:
    """The job as the scheduler is going to store it first."""
    return Job.model_construct(
        id=submit.job,
        spec=submit.spec,
        client=submit.client,
        status=Status.STARTED,
        priority=submit.spec.priority,
        created=submit.submitted_at,
        queued_at=submit.submitted_at,
    )
