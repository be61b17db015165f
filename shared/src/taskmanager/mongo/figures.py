"""The hourly figures as documents: their keys, how they are added to, and how they are read."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import pymongo.errors

from taskmanager.model.hourly_figures import SUMMED, HourlyFigures, hour_of
from taskmanager.model.jobs import TURN_NEXT
from taskmanager.model.queries import BACKING_OFF_LIMIT
from taskmanager.model.states import Status, Tab
from taskmanager.mongo.base.client import Database, Document, translated_errors
from taskmanager.mongo.base.indexes import TURN_INDEX, ticket_due
from taskmanager.mongo.base.statements import Statement, add_or_change
from taskmanager.mongo.base.unreadable import readable

OLDEST_MILLISECONDS = 500
"""The most time the database may spend on finding the oldest waiting job."""

TURNS = list(range(TURN_NEXT + 1))


def figures_id(plugin: str, hour: datetime) -> str:
    """The key of an hour of a plugin; the hours of a plugin sort in order."""
    return f"{plugin}:{hour:%Y-%m-%dT%H}"


def growth(figures: HourlyFigures) -> Statement:
    """The write that adds the figures to those of their hour."""
    counts = {name: value for name in SUMMED if (value := getattr(figures, name))}
    counts |= {f"durations.{power}": count for power, count in figures.durations.items()}
    names = {"plugin": figures.plugin, "hour": figures.hour}
    counts |= {f"waits.{power}": count for power, count in figures.waits.items()}
    counts |= {f"errors.{kind}": count for kind, count in figures.errors.items()}
    change: Document = {
        "$inc": counts,
        "$max": {"longest_seconds": figures.longest_seconds},
        "$setOnInsert": names,
    }
    return add_or_change(figures_id(figures.plugin, figures.hour), change)


class FiguresReads:
    """The part of `taskmanager.ports.readers.JobReader` about work done and the longest waiting job."""

    _database: Database

    async def hourly(self, since: datetime, plugin: str | None = None) -> Sequence[HourlyFigures]:
        """See the port."""
        first = hour_of(since)
        condition: Document = {"hour": {"$gte": first}}
        if plugin is not None:
            condition = {"_id": {"$gte": figures_id(plugin, first), "$lt": f"{plugin};"}}
        with translated_errors():
            documents = await self._database.hourly.find(condition, {"_id": 0}).to_list()
        found = readable("hourly", HourlyFigures.model_validate, documents)
        return sorted(found, key=lambda one: (one.hour, one.plugin))

    async def oldest_waiting(self, plugin: str) -> datetime | None:
        """See the port. The index gives the oldest of each turn; the server merges them."""
        condition = {
            "plugin": plugin,
            "tab": Tab.QUEUE.value,
            "status": Status.STARTED.value,
            "turn": {"$in": TURNS},
        }
        with translated_errors():
            try:
                document = await self._database.jobs.find_one(
                    condition,
                    {"queued_at": 1},
                    sort=[("queued_at", 1)],
                    hint=TURN_INDEX,
                    max_time_ms=OLDEST_MILLISECONDS,
                )
            except pymongo.errors.ExecutionTimeout:
                return None
        return document["queued_at"] if document else None

    async def backing_off(self, now: datetime) -> Mapping[str, int]:
        """See the port. The tickets of such jobs are owed from the time on when they are retried."""
        later = {"$gt": now}
        pipeline: list[Document] = [
            {"$match": {**ticket_due(later), "not_before": later}},
            {"$limit": BACKING_OFF_LIMIT},
            {"$group": {"_id": "$plugin", "jobs": {"$sum": 1}}},
        ]
        with translated_errors():
            found = await (await self._database.jobs.aggregate(pipeline)).to_list()
        return {one["_id"]: one["jobs"] for one in found}
