"""What is in a BagIt bag besides its payload (RFC 8493), and what the library `bagit` says about a bag."""

import logging
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Final

import bagit

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.checksums import texts
from taskmanager_plugin_runner.plugins.checksums.manifests import Algorithm

PAYLOAD: Final = "data"
DECLARATION: Final = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_AMBIGUOUS: Final = {"\r": "a carriage return", "\n": "a line feed", "%": "%", "\\": "\\"}
"""RFC 8493 has these written as `%0D`, `%0A`, `%25`, which not all do; coreutils escapes the last."""

logging.getLogger("bagit").setLevel(logging.CRITICAL)  # what it finds is in its errors, too


def require_plain(name: str) -> None:
    """Raise JobFailedError for a name that programs write differently in a bag."""
    odd = next((what for letter, what in _AMBIGUOUS.items() if letter in name), None)
    if odd is None and not name.isascii():
        try:
            name.encode()
        except UnicodeEncodeError:
            odd = "bytes that are not UTF-8"
    if odd is not None:
        raise JobFailedError(texts.BAG_NAME(name=name, what=odd))


def information(
    own: Mapping[str, str], title: str, software: str, sizes: Mapping[str, int], day: date
) -> str:
    """The contents of `bag-info.txt`; `own` are the entries of the template, `sizes` those of the payload."""
    entries = {
        **own,
        "Bagging-Date": day.isoformat(),
        "Bag-Software-Agent": software,
        "Payload-Oxum": f"{sum(sizes.values())}.{len(sizes)}",
    }
    if title:
        entries.setdefault("External-Identifier", title)
    return "".join(f"{name}: {_one_line(value)}\n" for name, value in entries.items())


def _one_line(value: str) -> str:
    return " ".join(value.split())


def listing(name: str, algorithm: Algorithm) -> str:
    """The name of a list of checksums: `manifest-sha512.txt`, or `tagmanifest-sha512.txt`."""
    return f"{name}-{algorithm.value}.txt"


def complaint(folder: Path) -> str | None:
    """What `bagit` has against the form of a bag, such as files that no list names; reads no payload."""
    try:
        bagit.Bag(str(folder)).validate(completeness_only=True)
    except (bagit.BagError, OSError, ValueError) as error:
        return texts.BAG_INVALID(error=error)
    return None


def entries(folder: Path) -> dict[str, dict[Algorithm, str]]:
    """What a bag lists, payload and other files, by name as `bagit` reads it.

    Raises JobFailedError if the bag cannot be read, or lists a file by algorithms only that are unknown here.
    """
    try:
        listed: Mapping[str, Mapping[str, str]] = bagit.Bag(str(folder)).entries
    except (bagit.BagError, OSError, ValueError) as error:
        raise JobFailedError(texts.BAG_INVALID(error=error)) from error
    found = {}
    for name, digests in listed.items():
        known = {one: digests[one.value].lower() for one in Algorithm if one.value in digests}
        if not known:
            raise JobFailedError(texts.BAG_ALGORITHM(name=name, known=", ".join(Algorithm)))
        found[name] = known
    return found
