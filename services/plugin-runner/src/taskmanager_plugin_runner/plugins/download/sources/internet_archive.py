"""What the Internet Archive says of an item: which of its files are the pages. Requests nothing.

The metadata API answers with `files`: name, format, source, size, md5 and sha1 of each, as texts.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.download import texts
from taskmanager_plugin_runner.plugins.download.naming import page_order
from taskmanager_plugin_runner.plugins.download.profile import Profile
from taskmanager_plugin_runner.plugins.download.sources.remote import DIGESTS, RemoteFile, Wanted
from taskmanager_plugin_runner.plugins.pictures.formats import SUFFIXES

CONTAINERS: Final = (".zip", ".tar")
_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_HOSTS: Final = frozenset({"archive.org", "www.archive.org"})
_KINDS: Final = frozenset({"details", "download", "metadata", "stream"})
_HEX: Final = {"md5": re.compile(r"[0-9a-f]{32}"), "sha1": re.compile(r"[0-9a-f]{40}")}
_FORMATS_SHOWN: Final = 30
_OWN: Final = "original"


def identifier_of(item: str, archive: str) -> str | None:
    """The identifier that a text names, itself or as an address of the Internet Archive; None for neither."""
    if _IDENTIFIER.fullmatch(item):
        return item
    parts = urlsplit(item)
    steps = [unquote(step) for step in parts.path.split("/") if step]
    known = parts.hostname in _HOSTS or item.startswith(f"{archive}/")
    if known and len(steps) > 1 and steps[0] in _KINDS and _IDENTIFIER.fullmatch(steps[1]):
        return steps[1]
    return None


def metadata_url(archive: str, identifier: str) -> str:
    """Where an item is described."""
    return f"{archive}/metadata/{identifier}"


def read(document: Any, identifier: str, profile: Profile) -> Wanted:
    """The files of an item that a job downloads; raises JobFailedError if there is no item or no page."""
    listed = document.get("files") if isinstance(document, Mapping) else None
    files = [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []
    if not files:
        raise JobFailedError(texts.NO_SUCH_ITEM(item=identifier))
    pages = _containers(files, profile.formats) or _pictures(files)
    if not pages:
        formats = sorted({str(one.get("format")) for one in files})
        shown = ", ".join(formats[:_FORMATS_SHOWN]) + (", ..." if formats[_FORMATS_SHOWN:] else "")
        raise JobFailedError(texts.NO_PICTURES(item=identifier, formats=shown))
    others = [one for one in files if any(fnmatchcase(_name(one), wanted) for wanted in profile.others)]
    base = f"{profile.archive}/download/{identifier}"
    return Wanted(_remote(pages, base), _remote(_sorted(others), base), _count(document))


def _containers(files: Sequence[Mapping[str, Any]], formats: Sequence[str]) -> list[Mapping[str, Any]]:
    """The files of the first format that the item has; several are the volumes of a work."""
    for wanted in formats:
        if found := [one for one in files if one.get("format") == wanted]:
            return _sorted(found)
    return []


def _pictures(files: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The pictures that were uploaded one by one, without what was derived from them."""
    return _sorted(
        one
        for one in files
        if one.get("source") == _OWN and PurePosixPath(_name(one)).suffix.lower() in SUFFIXES
    )


def _sorted(files: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(files, key=lambda one: page_order(_name(one)))


def _name(file: Mapping[str, Any]) -> str:
    return str(file.get("name") or "")


def _remote(files: Iterable[Mapping[str, Any]], base: str) -> tuple[RemoteFile, ...]:
    return tuple(
        RemoteFile(
            url=f"{base}/{quote(_name(one))}",
            name=_name(one),
            bytes=_size(one.get("size")),
            digests=_digests(one),
            label=_name(one),
            container=PurePosixPath(_name(one)).suffix.lower() in CONTAINERS,
        )
        for one in files
    )


def _count(document: Mapping[str, Any]) -> int | None:
    about = document.get("metadata")
    return _size(about.get("imagecount")) if isinstance(about, Mapping) else None


def _size(value: object) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() else None


def _digests(file: Mapping[str, Any]) -> dict[str, str]:
    found = {kind: str(file.get(kind) or "").lower() for kind in DIGESTS}
    return {kind: value for kind, value in found.items() if _HEX[kind].fullmatch(value)}
