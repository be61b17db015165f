"""Jobs in error in groups, counted by the database from the last ones."""

from collections.abc import Sequence
from typing import Any

from pymongo import UpdateOne

from taskmanager.model.failures.error_groups import ErrorGroup
from taskmanager.model.queries import GROUPED_LIMIT, GROUPS_LIMIT, LISTED_MESSAGE
from taskmanager.model.reasons.coded_text import shortened
from taskmanager.model.states import Status, Tab
from taskmanager.mongo.base.all_plugins import over_all_plugins
from taskmanager.mongo.base.client import Database, Document, translated_errors
from taskmanager.mongo.base.documents import ERROR_GROUP, from_document, term, terms
from taskmanager.mongo.base.indexes import FAILED, FAILED_INDEX
from taskmanager.mongo.base.unreadable import readable

MILLISECONDS = 2_000
GROUPED_AT_ONCE = 500
_PREFIX = term(ERROR_GROUP, "")


class ErrorGroupReads:
    """The part of `taskmanager.ports.readers.JobReader` about groups of errors."""

    _database: Database

    async def error_groups(self, plugins: Sequence[str]) -> Sequence[ErrorGroup]:
        """See the port."""
        failed = {"plugin": {"$in": list(plugins)}, "tab": Tab.ERROR.value, **FAILED}
        with translated_errors():
            found = await self._database.jobs.aggregate(
                [{"$match": {**failed, "status": Status.ERROR.value}}, *_PIPELINE],
                hint=FAILED_INDEX,
                maxTimeMS=MILLISECONDS,
            )
            documents = await found.to_list()
        return readable("jobs", _group, documents)


async def group_earlier(database: Database) -> None:
    """Put jobs into groups that failed before there were any, or under a scheduler that knows none.

    Raises pymongo's errors.
    """
    failed = {**FAILED, "tab": Tab.ERROR.value, "status": Status.ERROR.value}
    missing = {**failed, "terms": {"$not": {"$regex": f"^{_PREFIX}"}}}
    found = database.jobs.find(await over_all_plugins(database, missing), hint=FAILED_INDEX)
    async with found:
        while documents := await found.to_list(GROUPED_AT_ONCE):
            jobs = readable("jobs", from_document, documents)
            guarded = [({"_id": job.id, "rev": job.rev}, {"$set": {"terms": terms(job)}}) for job in jobs]
            if guarded:
                await database.jobs.bulk_write([UpdateOne(*one) for one in guarded], ordered=False)


_OWN: Document = {
    "$first": {
        "$filter": {"input": "$terms", "cond": {"$eq": [{"$indexOfBytes": ["$$this", _PREFIX]}, 0]}},
    }
}
"""The term of the group; a job that failed before there were groups has none."""
_PIPELINE: list[Document] = [
    {"$sort": {"finished": -1}},
    {"$limit": GROUPED_LIMIT},
    {"$set": {"group": _OWN}},
    {"$match": {"group": {"$type": "string"}}},
    {
        "$group": {
            "_id": "$group",
            "error": {"$first": "$error"},
            "job": {"$first": "$_id"},
            "jobs": {"$sum": 1},
            "first": {"$min": "$finished"},
            "last": {"$max": "$finished"},
            "plugins": {"$addToSet": "$plugin"},
            "processes": {"$addToSet": "$spec.goobi.process_id"},
        }
    },
    {"$set": {"processes": {"$size": "$processes"}}},
    {"$sort": {"jobs": -1, "last": -1, "_id": 1}},
    {"$limit": GROUPS_LIMIT},
]


def _group(document: dict[str, Any]) -> ErrorGroup:
    group = ErrorGroup.model_validate(
        {
            "group": document.pop("_id").removeprefix(_PREFIX),
            **document,
            "plugins": tuple(sorted(document["plugins"])),
        }
    )
    error = group.error
    reason = shortened(error.reason, LISTED_MESSAGE) if error.reason else None
    short = {"message": error.message[:LISTED_MESSAGE], "reason": reason, "traceback": None}
    return group.model_copy(update={"error": error.model_copy(update=short)})
