"""Delivers results to a Goobi folder over its files API, so that any runner can undo a broken delivery.

The API cannot rename, so results appear one by one. A journal, `.tm-<job>.json` in the same folder, names
them before the first is uploaded and is removed after the last is verified: its removal is the point of no
return. Any attempt that finds the journal of an earlier one removes what it names. Existing files are never
replaced.
"""

import hashlib
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from pydantic import ValidationError

from taskmanager.errors import (
    JobFailedError,
    PermanentError,
    SupersededError,
    TaskManagerError,
    TemporaryError,
)
from taskmanager.model.jobs import Record
from taskmanager.model.reasons.job_texts import goobi_texts
from taskmanager.process.failpoints import Failpoint, failpoint
from taskmanager_plugin_runner.files.seals import NO_KEY, Seal
from taskmanager_plugin_runner.results.stage_filling import ResultFile
from taskmanager_plugin_runner.results.stages import PREFIX
from taskmanager_plugin_runner.transport.goobi_files_api import FilesApi, GoobiAwayError


class Journal(Record):
    """What one attempt is uploading; none of the names existed before."""

    attempt: int
    names: tuple[str, ...]
    seal: str = ""

    def sealed(self, delivery: "GoobiDelivery", seal: Seal) -> "Journal":
        """A copy with the runners' mark over all of it."""
        return self.model_copy(update={"seal": seal.over(delivery.subject, self._body())})

    def is_ours(self, delivery: "GoobiDelivery", seal: Seal) -> bool:
        """Whether a runner of the plugin wrote it, for this place, about files directly in this folder."""
        plain = all(name not in {"", ".", ".."} and "/" not in name for name in self.names)
        return plain and seal.holds(self.seal, delivery.subject, self._body())

    def _body(self) -> bytes:
        return self.model_dump_json(exclude={"seal"}).encode()


@dataclass(frozen=True, slots=True)
class GoobiDelivery:
    """Where one attempt delivers its results. `installation` is the configured name."""

    installation: str
    process: int
    folder: str
    job: str
    attempt: int

    @property
    def journal(self) -> str:
        """The name of the journal in the folder: one per job."""
        return f"{PREFIX}{self.job}.json"

    @property
    def subject(self) -> str:
        """What a seal of its journal is about."""
        return f"{self.journal} {self.installation} {self.process} {self.folder}"

    def encode(self) -> str:
        """Encode as JSON."""
        return json.dumps(asdict(self))


def prepare(api: FilesApi, delivery: GoobiDelivery, seal: Seal = NO_KEY) -> None:
    """Undo what an earlier attempt left; raises SupersededError if a later one is at work."""
    found = _journal(api, delivery, seal)
    if found is None:
        return
    if found.attempt > delivery.attempt:
        raise SupersededError(f"attempt {found.attempt} is delivering to {api.where}")
    _undo(api, delivery, found)


def clean(api: FilesApi, delivery: GoobiDelivery, seal: Seal = NO_KEY) -> None:
    """Remove what this attempt uploaded, unless all is delivered or another attempt has taken over."""
    found = _journal(api, delivery, seal)
    if found is not None and found.attempt == delivery.attempt:
        _undo(api, delivery, found)


def deliver(
    api: FilesApi,
    delivery: GoobiDelivery,
    results: Sequence[ResultFile],
    ours: Callable[[], bool] = lambda: True,
    seal: Seal = NO_KEY,
) -> None:
    """Upload and verify all results. Raises JobFailedError, SupersededError or GoobiAwayError, all undone.

    What cannot be undone because Goobi is away is left to `clean` or to the `prepare` of the next attempt.
    """
    digests = {result.name: _local_digest(result) for result in results}
    prepare(api, delivery, seal)
    missing = [result for result in results if not _is_there(api, result, digests[result.name])]
    if not missing:
        return
    try:
        _upload(api, delivery, missing, ours, seal)
        _verify(api, missing, digests)
        failpoint(Failpoint.SLOT_BEFORE_SEAL)
        _require(api, delivery, ours, seal)
        _finish(api, delivery, seal)
    except (TaskManagerError, OSError):
        clean(api, delivery, seal)
        raise
    failpoint(Failpoint.SLOT_AFTER_SEAL)


def _upload(
    api: FilesApi, delivery: GoobiDelivery, results: list[ResultFile], ours: Callable[[], bool], seal: Seal
) -> None:
    names = tuple(result.name for result in results)
    journal = Journal(attempt=delivery.attempt, names=names).sealed(delivery, seal)
    body = journal.model_dump_json().encode()
    if not ours():
        raise SupersededError("its lease ended before its results were delivered, as if it was frozen")
    api.upload(delivery.journal, lambda: io.BytesIO(body))
    if _journal(api, delivery, seal) != journal:
        raise JobFailedError(goobi_texts.JOURNAL_NOT_KEPT(folder=api.where, journal=delivery.journal))
    for result in results:
        failpoint(Failpoint.SLOT_BEFORE_RENAME)
        _require(api, delivery, ours, seal)
        api.upload(result.name, lambda path=result.path: path.open("rb"))  # type: ignore[misc]


def _require(api: FilesApi, delivery: GoobiDelivery, ours: Callable[[], bool], seal: Seal) -> None:
    """Require that both the lease and the journal are still ours; raises SupersededError."""
    found = _journal(api, delivery, seal)
    if found is None or found.attempt != delivery.attempt:
        raise SupersededError(f"the journal in {api.where} is gone: another attempt took over")
    if not ours():
        raise SupersededError("its lease ended while its results were delivered, as if it was frozen")


def _is_there(api: FilesApi, result: ResultFile, digest: str) -> bool:
    found = api.digest(result.name)
    if found not in {None, digest}:
        raise JobFailedError(goobi_texts.OTHER_RESULT(folder=api.where, name=result.name))
    return found is not None


def _verify(api: FilesApi, results: list[ResultFile], digests: dict[str, str]) -> None:
    for result in results:
        if api.digest(result.name) != digests[result.name]:
            raise TemporaryError(goobi_texts.NOT_AS_UPLOADED(name=result.name, folder=api.where))


def _finish(api: FilesApi, delivery: GoobiDelivery, seal: Seal) -> None:
    try:
        api.delete(delivery.journal)
    except GoobiAwayError:
        if _journal(api, delivery, seal) is None:
            return  # the answers were lost, but the journal was removed
        raise
    if _journal(api, delivery, seal) is not None:
        raise GoobiAwayError(goobi_texts.JOURNAL_NOT_REMOVED(folder=api.where))


def _undo(api: FilesApi, delivery: GoobiDelivery, journal: Journal) -> None:
    """The journal is deleted last, so that an interrupted undo is repeated."""
    for name in journal.names:
        api.delete(name)
    api.delete(delivery.journal)


def _journal(api: FilesApi, delivery: GoobiDelivery, seal: Seal) -> Journal | None:
    content = api.read(delivery.journal)
    if content is None:
        return None
    try:
        found = Journal.model_validate_json(content)
    except ValidationError as error:
        raise PermanentError(
            goobi_texts.JOURNAL_DAMAGED(journal=delivery.journal, folder=api.where)
        ) from error
    if not found.is_ours(delivery, seal):
        raise PermanentError(goobi_texts.JOURNAL_FOREIGN(journal=delivery.journal, folder=api.where))
    return found


def _local_digest(result: ResultFile) -> str:
    with result.path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
