"""Facts about indexes that queries must know: names, and what the partial ones contain."""

from typing import Any

ENDED = {"finished": {"$type": "date"}}
"""An index of ended jobs only: a query must include this condition to be served by it."""
WITH_TERMS: dict[str, Any] = {"terms": {"$gt": ""}}
"""An index of jobs that a search can find: they have a project, a process or words."""

OWNED = {"owner": {"$type": "string"}}
"""Jobs that belong to a runner; no index contains only those (see `taskmanager.mongo.at_work`)."""

KEY_INDEX = "_id_"
"""The index of the keys, which every collection has."""

WARNED: dict[str, Any] = {"warned.finished": {"$type": "date"}}
"""An index of ended jobs with warnings, on fields that only those have."""


FAILED: dict[str, Any] = {"error.kind": {"$type": "string"}}
"""An index of jobs with an error: those in error, and few others.

An index by the status would have to be looked at each time a job moves on.
"""
FAILED_INDEX = "failed_by_finish"

TURN_INDEX = "tab_by_turn"
"""The waiting jobs of a plugin in the order in which they start."""
