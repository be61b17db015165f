"""Jobs by words, process, project, message or beginning of their id: ranges of two indexes, never all jobs.

A search reads the first `FOUND_LIMIT` jobs that match, in the order of the index, so that it costs the same
however many there are. Several words cost as much as the jobs with one of them, which a time limit bounds.
"""

import re
from collections import Counter
from collections.abc import Sequence

from taskmanager.model.operations import JobFilter
from taskmanager.model.queries import FOUND_LIMIT, PROJECTS_FROM, FoundIn, FoundJobs, as_listed
from taskmanager.model.states import Tab
from taskmanager.mongo.base.client import Database, Document, translated_errors
from taskmanager.mongo.base.documents import LISTED, from_document
from taskmanager.mongo.base.filters import jobs_meant
from taskmanager.mongo.base.indexes import CREATED_INDEX, KEY_INDEX, TERM_INDEX, WITH_TERMS
from taskmanager.mongo.base.unreadable import readable

SEARCH_MILLISECONDS = 250
"""The most time the database may spend on one search; the pages that ask are to answer in 300 ms."""
PROJECTS_MILLISECONDS = 500


class SearchReads:
    """The part of `taskmanager.ports.readers.JobReader` that searches everything."""

    _database: Database

    async def search(self, chosen: JobFilter, *, begins: str = "", shown: int = 10) -> FoundJobs:
        """See the port."""
        condition = jobs_meant(chosen)
        if begins:
            condition["_id"] = {"$regex": f"^{re.escape(begins)}"}
        by_id = begins or chosen.ids is not None
        with translated_errors():
            found = await (
                self._database.jobs.find(
                    condition if by_id else {"$and": [condition, WITH_TERMS]},
                    {"plugin": 1, "tab": 1, "created": 1},
                    max_time_ms=SEARCH_MILLISECONDS,
                )
                .hint(KEY_INDEX if by_id else TERM_INDEX)
                .limit(FOUND_LIMIT + 1)
                .batch_size(FOUND_LIMIT + 1)
                .to_list()
            )
            counted = found[:FOUND_LIMIT]
            newest = sorted(counted, key=lambda one: (one["created"], one["_id"]), reverse=True)[:shown]
            documents = await self._documents([one["_id"] for one in newest])
        places = Counter((one["plugin"], one["tab"]) for one in counted)
        return FoundJobs(
            jobs=tuple(map(as_listed, readable("jobs", from_document, documents))),
            places=tuple(
                FoundIn(plugin=plugin, tab=Tab(tab), jobs=jobs)
                for (plugin, tab), jobs in sorted(places.items())
            ),
            capped=len(found) > FOUND_LIMIT,
        )

    async def projects(self, plugin: str) -> Sequence[str]:
        """See the port."""
        last: list[Document] = [
            {"$match": {"plugin": plugin}},
            {"$sort": {"created": -1, "_id": -1}},
            {"$limit": PROJECTS_FROM},
            {"$group": {"_id": "$spec.project"}},
        ]
        with translated_errors():
            found = await self._database.jobs.aggregate(
                last, hint=CREATED_INDEX, maxTimeMS=PROJECTS_MILLISECONDS
            )
            names = [one["_id"] for one in await found.to_list()]
        return sorted((name for name in names if isinstance(name, str)), key=str.casefold)

    async def _documents(self, ids: Sequence[str]) -> list[Document]:
        """These jobs as lists show them, in this order."""
        if not ids:
            return []
        documents = await self._database.jobs.find({"_id": {"$in": list(ids)}}, LISTED).to_list()
        return sorted(documents, key=lambda one: ids.index(one["_id"]))
