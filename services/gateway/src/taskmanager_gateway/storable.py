"""What is valid JSON but cannot be stored, sent on or given to a program; knows no client of the database.

BSON holds no integer beyond 64 bits and nests about 100 levels deep; JSON text holds no NaN or infinity; no
argument of a program holds NUL; and a key with `$` may come back from the database as something else.
"""

import math
from collections.abc import Iterator

from taskmanager.jobs import JobSpec
from taskmanager_gateway.problems import FieldError

MAX_DEPTH = 32
_INTEGER_LIMIT = 2**63

Node = tuple[str, object, int]
"""Path, value, depth."""


def storage_errors(spec: JobSpec) -> list[FieldError]:
    """Every value of the specification that would make trouble later."""
    return list(_walk(spec.model_dump(mode="python")))


def _walk(document: dict[str, object]) -> Iterator[FieldError]:
    nodes: list[Node] = [(key, value, 1) for key, value in document.items()]
    while nodes:
        path, value, depth = nodes.pop()
        if reason := _reason(value, depth):
            yield FieldError(field=path, message=reason)
        else:
            for key, child in _children(value):
                yield from _key_errors(path, key)
                nodes.append((f"{path}.{key}", child, depth + 1))


def _children(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from ((str(index), item) for index, item in enumerate(value))


def _reason(value: object, depth: int) -> str | None:
    if depth > MAX_DEPTH:
        return f"nested more than {MAX_DEPTH} levels deep"
    if isinstance(value, str):
        return "contains a NUL character" if "\0" in value else None
    if isinstance(value, float):
        return None if math.isfinite(value) else "not a finite number"
    if isinstance(value, int) and not -_INTEGER_LIMIT <= value < _INTEGER_LIMIT:
        return "an integer beyond 64 bits; send it as a text"
    return None


def _key_errors(path: str, key: str) -> Iterator[FieldError]:
    if key.startswith("$"):
        yield FieldError(field=path, message=f"the name {key[:80]!r} begins with '$'")
    if "\0" in key:
        yield FieldError(field=path, message="a name contains a NUL character")
