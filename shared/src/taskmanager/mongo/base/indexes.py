"""Facts about indexes that queries must know: names, and what the partial ones contain.

MongoDB serves a query by a partial index only if the query says that what it finds is in the index, in the
index's own words: that a field is before a moment does not tell it that the field is a date. Without those
words it reads all jobs.
"""

from collections.abc import Iterable
from typing import Any

from taskmanager.model.states import Tab

ENDED = {"finished": {"$type": "date"}}
"""An index of ended jobs only: a query must include this condition to be served by it."""
WITH_TERMS: dict[str, Any] = {"terms": {"$gt": ""}}
"""An index of jobs that a search can find: they have a project, a process or words."""
TERM_INDEX = "term_by_creation"
CREATED_INDEX = "plugin_by_creation"
"""All jobs of a plugin, the newest first."""

OWNED = {"owner": {"$type": "string"}}
"""Jobs that belong to a runner; no index contains only those (see `taskmanager.mongo.at_work`)."""

KEY_INDEX = "_id_"
"""The index of the keys, which every collection has."""


FAILED: dict[str, Any] = {"error.kind": {"$type": "string"}}
"""An index of jobs with an error: those in error, and few others.

An index by the status would have to be looked at each time a job moves on.
"""
FAILED_INDEX = "failed_by_finish"

TURN_INDEX = "tab_by_turn"
"""The waiting jobs of a plugin in the order in which they start."""

_DATE = {"$type": "date"}

RARE_INDEX = "owed_or_warned"
"""Two kinds of jobs of which there are few: those whose ticket is owed, by the moment from when on it is, and
ended ones with warnings, by their end. No job is both; one index costs less at each write than two."""
RARE: dict[str, Any] = {"$or": [{"ticket_due": _DATE}, {"warned.finished": _DATE}]}
WARNED: dict[str, Any] = {"ticket_due": None, "warned.finished": _DATE}
"""An ended job with warnings, as that index serves it."""

UNIQUE_INDEX = "one_active_per_unique_key"
"""The jobs in the queue that have a unique key."""
HOLDS_A_KEY: dict[str, Any] = {"tab": Tab.QUEUE.value, "spec.unique": {"$type": "string"}}


def ticket_due(when: dict[str, Any]) -> dict[str, Any]:
    """The jobs whose ticket is owed from such a moment on, as `RARE_INDEX` serves it."""
    return {"ticket_due": {**when, **_DATE}}


def holding(uniques: Iterable[str]) -> dict[str, Any]:
    """The jobs in the queue with one of these unique keys, as `UNIQUE_INDEX` serves it."""
    return {**HOLDS_A_KEY, "spec.unique": {"$in": list(uniques), **HOLDS_A_KEY["spec.unique"]}}
