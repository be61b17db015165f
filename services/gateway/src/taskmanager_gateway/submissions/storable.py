"""Finds valid JSON that cannot be stored, sent on or passed to a program; uses no database client.

BSON holds no integer beyond 64 bits and nests about 100 levels deep; JSON text holds no NaN or infinity; an
argument of a program cannot contain NUL; and a key with `$` may come back from the database as something
else.
"""

import math
from collections.abc import Iterator

from taskmanager.model.jobs import JobSpec
from taskmanager.model.reasons import Reason
from taskmanager_gateway.codes import faults
from taskmanager_gateway.http.problems import FieldError

MAX_DEPTH = 32
_INTEGER_LIMIT = 2**63

Node = tuple[str, object, int]
"""Path, value, depth."""


def storage_errors(spec: JobSpec) -> list[FieldError]:
    """Every value of the specification that would cause trouble later."""
    return list(_walk(spec.model_dump(mode="python")))


def _walk(document: dict[str, object]) -> Iterator[FieldError]:
    nodes: list[Node] = [(key, value, 1) for key, value in document.items()]
    while nodes:
        path, value, depth = nodes.pop()
        if reason := _reason(value, depth):
            yield FieldError.of(path, reason)
        else:
            for key, child in _children(value):
                yield from _key_errors(path, key)
                nodes.append((f"{path}.{key}", child, depth + 1))


def _children(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from ((str(index), item) for index, item in enumerate(value))


def _reason(value: object, depth: int) -> Reason | None:
    if depth > MAX_DEPTH:
        return faults.TOO_DEEP(most=MAX_DEPTH)
    if isinstance(value, str):
        return faults.NUL() if "\0" in value else None
    if isinstance(value, float):
        return None if math.isfinite(value) else faults.NOT_FINITE()
    if isinstance(value, int) and not -_INTEGER_LIMIT <= value < _INTEGER_LIMIT:
        return faults.TOO_BIG()
    return None


def _key_errors(path: str, key: str) -> Iterator[FieldError]:
    if key.startswith("$"):
        yield FieldError.of(path, faults.DOLLAR(name=key[:80]))
    if "\0" in key:
        yield FieldError.of(path, faults.NUL_IN_NAME())
