"""Conversion between jobs and stored documents: the only module that knows the fields of `jobs`."""

import operator
import re
from collections.abc import Iterable

from pydantic import TypeAdapter

from taskmanager.model.failures.error_groups import CHARACTERS, fingerprint
from taskmanager.model.jobs import HistoryEntry, Job
from taskmanager.model.states import Status
from taskmanager.mongo.base.client import Document

WORD = re.compile(r"[^\W_]+")
MAX_WORDS = 40
ERROR_GROUP = "error"
"""The kind of the term that jobs in error have in common with others that failed in the same way."""

LISTED: Document = {
    "error.traceback": 0,
    "terms": 0,
    "warned": 0,
    "warning_texts": 0,
    "warning_reasons": 0,
    "history": {"$slice": -1},
}
"""What is not read for a list."""

_RECORDS = frozenset({"progress", "error", "put_next", "held", "cancel"})
"""Fields of a job, other than its specification, that hold a record or None."""
_SEVERAL = frozenset({"history", "warning_reasons"})
"""Those that hold several records; the second is left out where it is empty."""

_HISTORY = TypeAdapter(tuple[HistoryEntry, ...])

DERIVED = ("plugin", "tab", "terms", "turn", "warned")
"""Fields that only serve indexes; they are derived from the job at every write."""


def to_document(job: Job) -> Document:
    """The complete document of a job."""
    document = job.model_dump(mode="python", exclude={"id", "spec"})
    return {"_id": job.id, **document, "spec": job.spec.model_dump(mode="json"), **_derived(job)}


def update_of(before: Job, after: Job) -> Document:
    """The update that turns the stored `before` into `after`; never the specification.

    A history that is only added to is sent as what is new.
    """
    was = before.__dict__
    fields = {
        name: value for name, value in after.__dict__.items() if value is not was[name] and value != was[name]
    }
    for name in fields.keys() & _RECORDS:
        fields[name] = fields[name].model_dump(mode="python") if fields[name] is not None else None
    added = _added(before, after)
    if added:
        del fields["history"]
    if several := fields.keys() & _SEVERAL:
        dumped = after.model_dump(mode="python", include=several)
        fields = {name: value for name, value in fields.items() if name not in several} | dumped
    fields |= _changed_derived(before, after)
    return {
        "$set": fields,
        **({"$push": {"history": {"$each": _HISTORY.dump_python(added)}}} if added else {}),
    }


def _added(before: Job, after: Job) -> tuple[HistoryEntry, ...]:
    """The entries that follow those of `before`; none if any of those is gone or has changed."""
    known = len(before.history)
    kept = after.history[:known]
    return (
        after.history[known:] if all(map(operator.is_, kept, before.history)) and len(kept) == known else ()
    )


def _changed_derived(before: Job, after: Job) -> Document:
    fields: Document = {}
    if before.tab is not after.tab:
        fields["tab"] = after.tab.value
    if before.turn != after.turn:
        fields["turn"] = after.turn
    if bool(before.warnings) != bool(after.warnings) or _is_failed(before) != _is_failed(after):
        fields["terms"] = terms(after)
    if _warned(before) != _warned(after):
        fields["warned"] = _warned(after)
    return fields


def from_document(document: Document) -> Job:
    """The job behind a document."""
    fields = {name: value for name, value in document.items() if name not in DERIVED and name != "_id"}
    return Job.model_validate({"id": document["_id"], **fields})


def words(texts: Iterable[str | None]) -> list[str]:
    """The words by which a search finds a job: lower case, split at anything but letters and digits."""
    found: dict[str, None] = {}
    for text in texts:
        for word in WORD.findall((text or "").casefold()):
            found.setdefault(word)
    return list(found)[:MAX_WORDS]


def term(kind: str, value: object) -> str:
    """A search term that is not a word; no word looks like one."""
    return f"={kind} {value}"


def warned(plugin: str | None = None) -> str:
    """The term of jobs with warnings, of one plugin or of all; other jobs have none."""
    return term("warned", plugin or "")


def terms(job: Job) -> list[str]:
    """What searches find the job by.

    One index serves them all: every additional one costs at each write of a job.
    """
    goobi = job.spec.goobi
    found = words([job.spec.title, goobi.process_title if goobi else None])
    if goobi is not None:
        found.append(term("process", goobi.process_id))
    if job.spec.project is not None:
        found.append(term("project", job.spec.project))
    if job.warnings:
        found += [warned(), warned(job.plugin)]
    if _is_failed(job) and job.error is not None:
        found.append(term(ERROR_GROUP, fingerprint(job.error)))
        found += [error_word(word) for word in words([job.error.message[:CHARACTERS]])]
    return found


def _is_failed(job: Job) -> bool:
    return job.status is Status.ERROR


def error_word(word: str) -> str:
    """The term by which a search in messages finds it; no other search finds that."""
    return f"~{word}"


def _derived(job: Job) -> Document:
    ended_with_warnings = _warned(job)
    return {
        "plugin": job.plugin,
        "tab": job.tab.value,
        "turn": job.turn,
        "terms": terms(job),
        **({"warned": ended_with_warnings} if ended_with_warnings else {}),
    }


def _warned(job: Job) -> Document | None:
    """The sort field of the list of ended jobs with warnings; other jobs have none."""
    if not job.warnings or job.finished is None:
        return None
    return {"plugin": job.plugin, "tab": job.tab.value, "finished": job.finished}
