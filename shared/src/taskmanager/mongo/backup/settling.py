"""What a restored database needs before services work on it: nothing of the time since goes on by itself.

The rule about a job is given; this module applies it to the stored ones. May be repeated.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pymongo import ReplaceOne

from taskmanager.model.jobs import Job
from taskmanager.model.operations import RUNNING, OperationState
from taskmanager.model.reports import ReportKind, ReportState
from taskmanager.model.states import Tab
from taskmanager.mongo.base.client import Database, Document, translated_errors
from taskmanager.mongo.base.documents import from_document, to_document
from taskmanager.mongo.base.unreadable import readable
from taskmanager.mongo.counters import recount, statistics_id

PAGE = 500
ENDED_BUT_RETRYABLE = {"tab": Tab.ERROR.value}
GUARDED = ("plugins", "replicas", "presets", "operations")
"""Collections whose documents are written under a `rev`, apart from jobs and reports."""
NOT_TOLD = "restored from a backup: Goobi may have been told already; look, then replay or leave it"
"""The last answer of a report that nobody can find out about."""

Rule = Callable[[Job], Job]


@dataclass(frozen=True, slots=True)
class Settled:
    """How much was done: jobs that now wait for an operator, reports given up, operations stopped."""

    jobs: int
    reports: int
    operations: int
    unreadable: int
    """Jobs left as they are because they cannot be read; no scheduler starts them."""


async def settle(
    database: Database, rule: Rule, *, by: str, jump: int, looked_up: Sequence[str | None], now: datetime
) -> Settled:
    """Apply the rule to every job that has not ended, and raise the numbers of those that may be retried.

    `jump`: by how much; `looked_up`: the installations of Goobi (None: the default one) that can be asked
    what they have been told, so that reports to them need nobody's decision. Raises StoreUnavailableError.
    """
    with translated_errors():
        jobs, unreadable = await _jobs(database, rule)
        numbers = {"rev": jump, "attempt": jump, "dispatch": jump}
        await database.jobs.update_many(ENDED_BUT_RETRYABLE, {"$inc": numbers})
        for name in GUARDED:
            await database[name].update_many({}, {"$inc": {"rev": jump}})
        await _statistics(database)
        return Settled(
            jobs=jobs,
            reports=await _reports(database, looked_up),
            operations=await _operations(database, by, now),
            unreadable=unreadable,
        )


async def _jobs(database: Database, rule: Rule) -> tuple[int, int]:
    """In the order of their ids, so that a page of changed ones is not met again."""
    last, changed, unreadable = "", 0, 0
    live = {"tab": Tab.QUEUE.value}
    while page := await database.jobs.find({**live, "_id": {"$gt": last}}).sort("_id").limit(PAGE).to_list():
        last = page[-1]["_id"]
        jobs = readable("jobs", from_document, page)
        unreadable += len(page) - len(jobs)
        pairs = [(job, rule(job)) for job in jobs]
        writes = [
            ReplaceOne[Document]({"_id": job.id}, to_document(after))
            for job, after in pairs
            if after is not job
        ]
        if writes:
            changed += (await database.jobs.bulk_write(writes, ordered=False)).modified_count
    return changed, unreadable


async def _statistics(database: Database) -> None:
    """Only the statuses of jobs that have not ended have changed."""
    for name in await database.jobs.distinct("plugin"):
        counted = await recount(database, name, Tab.QUEUE)
        await database.statistics.replace_one({"_id": statistics_id(name, Tab.QUEUE)}, counted, upsert=True)


async def _reports(database: Database, looked_up: Sequence[str | None]) -> int:
    """Pending reports were perhaps delivered since. Those that stay are looked for before they are sent."""
    pending = {"state": ReportState.PENDING.value}
    blind: Document = {
        **pending,
        "$or": [
            {"kind": ReportKind.CALLBACK.value},
            {"goobi.installation": {"$nin": list(looked_up)}},
        ],
    }
    given_up = {"state": ReportState.GIVEN_UP.value, "next_try": None, "last_answer": NOT_TOLD}
    result = await database.reports.update_many(
        blind, {"$set": given_up, "$inc": {"rev": 1}, "$max": {"attempts": 1}}
    )
    await database.reports.update_many(pending, {"$inc": {"rev": 1}, "$max": {"attempts": 1}})
    return result.modified_count


async def _operations(database: Database, by: str, now: datetime) -> int:
    """An operation that went on would release or retry jobs that somebody has yet to decide about."""
    stop = {"by": by, "at": now, "reason": ""}
    ended: Document = {
        "state": OperationState.STOPPED.value,
        "stop": {"$ifNull": ["$stop", stop]},
        "finished": now,
        "ticketed": "$page",
        "open": False,
    }
    states = [state.value for state in RUNNING]
    result = await database.operations.update_many({"state": {"$in": states}}, [{"$set": ended}])
    await database.operations.update_many({"open": True}, [{"$set": {"ticketed": "$page", "open": False}}])
    return result.modified_count
