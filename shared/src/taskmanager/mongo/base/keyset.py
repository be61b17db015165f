"""The orders in which jobs are read page by page, each after the key of the last job seen."""

from typing import Any

from taskmanager.model.queries import Sort
from taskmanager.mongo.base.client import Document

TURN_KEYS = [("turn", -1), ("queued_at", 1), ("_id", 1)]
"""The starting order of jobs."""

KEYS: dict[Sort, list[tuple[str, int]]] = {
    Sort.TURN: TURN_KEYS,
    Sort.FINISHED: [("finished", 1), ("_id", 1)],
    Sort.CREATED: [("created", 1), ("_id", 1)],
}
"""The fields of each sort in ascending order."""


WARNED_KEYS = [("warned.finished", 1), ("_id", 1)]
"""By the end of jobs with warnings."""


def after_key(keys: list[tuple[str, int]], values: list[Any]) -> Document:
    """The filter for what comes after `values` in the order of `keys`."""
    return {"$or": places_after(keys, values)}


def places_after(keys: list[tuple[str, int]], values: list[Any]) -> list[Document]:
    """The alternatives of that filter, each a range of an index."""
    alternatives = []
    for depth, (field, direction) in enumerate(keys):
        same = {name: value for (name, _), value in zip(keys[:depth], values[:depth], strict=True)}
        operator = "$gt" if direction > 0 else "$lt"
        alternatives.append({**same, field: {operator: values[depth]}})
    return alternatives
