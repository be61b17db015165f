"""Repairs stored sums that MongoDB cannot add to because another program wrote a non-number there.

Without this, the transaction of every job of that plugin would fail, for ever. Sums over jobs are counted
again from the jobs, which are authoritative; those of an hour have no other source, and a field that is not a
number starts again at 0.
"""

from typing import Any

from taskmanager.model.states import Tab
from taskmanager.mongo.base.client import Database, Document
from taskmanager.mongo.figures import figures_id
from taskmanager.ports.store import Plan
from taskmanager.process.logs import get_logger
from taskmanager.process.metrics import UNREADABLE_DOCUMENTS

CANNOT_ADD = frozenset({14, 28})
"""MongoDB's errors TypeMismatch (`$inc` of a non-number) and PathNotViable (not a subdocument)."""
_NAMES = frozenset({"_id", "plugin", "tab", "hour"})
_TABLES = frozenset({"statuses", "durations", "waits", "errors"})

log = get_logger(__name__)


def statistics_id(plugin: str, tab: Tab) -> str:
    """The key of a statistics document."""
    return f"{plugin}:{tab.value}"


async def mend_counters(database: Database, plan: Plan) -> int:
    """Repair what this plan adds to, outside a transaction; returns the number of repaired documents."""
    mended = 0
    for delta in plan.statistics:
        key = statistics_id(delta.plugin, delta.tab)
        if wrong := _wrong(await database.statistics.find_one({"_id": key})):
            counted = await recount(database, delta.plugin, delta.tab)
            await database.statistics.replace_one({"_id": key}, counted)
            _note("statistics", key, wrong, "counted anew from the jobs")
            mended += 1
    for figures in plan.figures:
        key = figures_id(figures.plugin, figures.hour)
        if wrong := _wrong(await database.hourly.find_one({"_id": key})):
            await database.hourly.update_one({"_id": key}, {"$unset": dict.fromkeys(wrong, "")})
            _note("hourly", key, wrong, "what is no number begins at 0")
            mended += 1
    return mended


def _note(collection: str, key: str, wrong: list[str], done: str) -> None:
    UNREADABLE_DOCUMENTS.labels(collection).inc()
    log.error("counters_mended", collection=collection, id=key, fields=wrong, done=done)


def _wrong(document: Document | None) -> list[str]:
    """The sum fields that cannot be added to."""
    return [name for name, value in (document or {}).items() if name not in _NAMES and not _adds(name, value)]


def _adds(name: str, value: Any) -> bool:
    if name in _TABLES:
        return isinstance(value, dict) and all(map(_is_number, value.values()))
    return _is_number(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


async def recount(database: Database, plugin: str, tab: Tab) -> Document:
    """The statistics of a plugin's tab, counted from the jobs; raises pymongo's errors."""
    sums = {"jobs": {"$sum": 1}, "files": {"$sum": "$files"}, "bytes": {"$sum": "$bytes"}}
    pipeline: list[Document] = [
        {"$match": {"plugin": plugin, "tab": tab.value}},
        {"$group": {"_id": "$status", **sums}},
    ]
    found = await (await database.jobs.aggregate(pipeline)).to_list()
    return {
        "plugin": plugin,
        "tab": tab.value,
        **{name: sum(one[name] for one in found) for name in ("jobs", "files", "bytes")},
        "statuses": {one["_id"]: one["jobs"] for one in found},
    }
