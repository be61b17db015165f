"""Runners, what they are working on, and the sums over all jobs."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from itertools import chain

from taskmanager.model.registry import ALIVE_FOR, AtWork, RunnerState, TabStatistics
from taskmanager.model.states import Status, Tab
from taskmanager.mongo.base.client import Database, Document, translated_errors
from taskmanager.mongo.base.indexes import OWNED, TURN_INDEX
from taskmanager.mongo.base.keyset import TURN_KEYS
from taskmanager.mongo.base.unreadable import readable

QUERY_MILLISECONDS = 5_000
ALIVE_MILLISECONDS = ALIVE_FOR // timedelta(milliseconds=1)
"""A runner is shown as alive until it has missed four heartbeats."""


class RunnerReads:
    """The part of `taskmanager.ports.readers.JobReader` about runners and sums."""

    _database: Database

    async def runners(self, plugin: str | None = None) -> Sequence[RunnerState]:
        """See the port."""
        oldest = {"$subtract": ["$$NOW", ALIVE_MILLISECONDS]}
        pipeline: list[Document] = [
            {"$match": _of_plugin(plugin)},
            {"$sort": {"_id": 1}},
            {"$set": {"id": "$_id", "alive": {"$gte": ["$last_heartbeat", oldest]}}},
            {"$unset": "_id"},
        ]
        with translated_errors():
            documents = await (await self._database.runners.aggregate(pipeline)).to_list()
        return readable("runners", RunnerState.model_validate, documents)

    async def at_work(self, limit: int) -> Sequence[AtWork]:
        """See the port.

        The statistics say how many there are. Jobs start in the order of the index, so a search for that many
        ends soon after the last of them, long before the end of those that wait.
        """
        numbers = {one.plugin: at_work_at_most(one) for one in await self.statistics()}
        searches = [
            self._at_work_of(name, min(number, limit)) for name, number in numbers.items() if number > 0
        ]
        with translated_errors():
            found = await asyncio.gather(*searches)
        jobs = readable("jobs", _at_work, chain.from_iterable(found))
        return sorted(jobs, key=lambda one: (one.runner, one.job))[:limit]

    async def _at_work_of(self, plugin: str, most: int) -> list[Document]:
        wanted = {"plugin": 1, "status": 1, "owner": 1, "spec.title": 1}
        condition = {"plugin": plugin, "tab": Tab.QUEUE.value, **OWNED}
        cursor = self._database.jobs.find(condition, wanted, max_time_ms=QUERY_MILLISECONDS)
        return await cursor.sort(TURN_KEYS).hint(TURN_INDEX).limit(most).to_list()

    async def statistics(self, plugin: str | None = None) -> Sequence[TabStatistics]:
        """See the port."""
        with translated_errors():
            documents = (
                await self._database.statistics.find(_of_plugin(plugin), {"_id": 0}).sort("_id", 1).to_list()
            )
        return readable("statistics", TabStatistics.model_validate, documents)


def at_work_at_most(statistics: TabStatistics) -> int:
    """How many of these jobs may belong to a runner: all that run, and those that are suspended or held."""
    if statistics.tab is not Tab.QUEUE:
        return 0
    return statistics.running + statistics.statuses.get(Status.PAUSED, 0)


def _at_work(document: Document) -> AtWork:
    return AtWork(
        job=document["_id"],
        plugin=document["plugin"],
        title=document["spec"].get("title") or "",
        status=document["status"],
        runner=document["owner"],
    )


def _of_plugin(plugin: str | None) -> Document:
    return {} if plugin is None else {"plugin": plugin}
