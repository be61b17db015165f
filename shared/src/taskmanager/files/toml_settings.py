"""Settings in TOML files: read, checked, and what is wrong said in one line for each error."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from taskmanager.errors import PermanentError

ModelT = TypeVar("ModelT", bound=BaseModel)


def document_of(path: Path, failure: type[PermanentError]) -> Mapping[str, object]:
    """The content of the file; raises `failure`."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise failure(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise failure(f"{path}: is no TOML: {error}") from error


def parsed(
    model: type[ModelT], document: Mapping[str, object], name: str, failure: type[PermanentError]
) -> ModelT:
    """The settings in a document; raises `failure`, each line of which begins with `name`."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        lines = [
            f"{name}: {_place(tuple(one['loc']))}{_reason(one['type'], one['msg'])}" for one in error.errors()
        ]
        raise failure("\n".join(lines)) from error


def _place(location: tuple[str | int, ...]) -> str:
    """`[installations.main] url: `, for people who edit the file."""
    parts = [str(part) for part in location if part != "[key]"]
    if not parts:
        return ""
    *table, key = parts
    return f"[{'.'.join(table)}] {key}: " if table else f"{key}: "


def _reason(kind: str, message: str) -> str:
    known = {"extra_forbidden": "there is no such key", "missing": "is missing"}
    return known.get(kind, message.removeprefix("Value error, "))
