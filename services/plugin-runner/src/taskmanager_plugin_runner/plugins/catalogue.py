"""Reads a plugin's named TOML files: those shipped with it and the operator's own. Knows no plugin.

The operator's files are in `$TASKMANAGER_TEMPLATES/<plugin>/<name>.toml`; one with the name of a shipped file
replaces it.
"""

import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from taskmanager.errors import PermanentError

TEMPLATES_VARIABLE = "TASKMANAGER_TEMPLATES"
PROVENANCE = "provenance"
"""The key of every plugin's template files that says whether jobs leave a record of what they did."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

ModelT = TypeVar("ModelT", bound=BaseModel)
Validate = Callable[[Mapping[str, Any]], ModelT]
"""Makes a catalogue entry from the contents of a file, or raises ValidationError."""


def read_catalogue(plugin: str, validate: Validate[ModelT], shipped: Path) -> dict[str, ModelT]:
    """All entries by name, sorted; raises PermanentError naming the file and the invalid key."""
    found = {path.stem: path for folder in _folders(plugin, shipped) for path in _files(folder)}
    return {name: _read(found[name], validate) for name in sorted(found)}


def provenance_of_templates(plugin: str) -> dict[str, bool]:
    """What the operator's template files say about records, by the names of those that say anything.

    Raises PermanentError naming the file. Shipped files say nothing.
    """
    said = {path.stem: _raw(path).get(PROVENANCE) for path in _own_files(plugin)}
    return {name: value for name, value in said.items() if isinstance(value, bool)}


def _folders(plugin: str, shipped: Path) -> Iterator[Path]:
    yield shipped
    if (own := _own_folder(plugin)) is not None:
        yield own


def _own_folder(plugin: str) -> Path | None:
    own = os.environ.get(TEMPLATES_VARIABLE, "")
    if not own:
        return None
    if not Path(own).is_dir():
        raise PermanentError(f"{TEMPLATES_VARIABLE} names {own}, which is not a folder")
    return Path(own) / plugin if (Path(own) / plugin).is_dir() else None


def _own_files(plugin: str) -> list[Path]:
    own = _own_folder(plugin)
    return _files(own) if own is not None else []


def _files(folder: Path) -> list[Path]:
    files = sorted(folder.glob("*.toml"))
    for path in files:
        if not _NAME.fullmatch(path.stem):
            raise PermanentError(f"{path}: a template's name may hold letters, digits, '.', '_' and '-' only")
    return files


def _read(path: Path, validate: Validate[ModelT]) -> ModelT:
    raw = _raw(path)
    if not isinstance(raw.pop(PROVENANCE, False), bool):
        raise PermanentError(f"{path}: {PROVENANCE}: write true or false")
    try:
        return validate(raw)
    except ValidationError as error:
        faults = "; ".join(_fault(detail["loc"], detail["msg"]) for detail in error.errors(include_url=False))
        raise PermanentError(f"{path}: {faults}") from error


def _raw(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PermanentError(f"{path}: is not TOML: {error}") from error


def _fault(where: tuple[int | str, ...], what: str) -> str:
    key = ".".join(str(part) for part in where)
    return f"{key}: {what}" if key else what
