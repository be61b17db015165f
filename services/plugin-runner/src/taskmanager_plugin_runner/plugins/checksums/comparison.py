"""What has become of the files that lists of checksums name. Pure."""

import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from taskmanager_plugin_runner.plugins.checksums.manifests import Algorithm

Digests = Mapping[Algorithm, str]


class Fate(StrEnum):
    """What has become of one file."""

    SOUND = "sound"
    CHANGED = "changed"
    """Its contents are not what a list says."""
    MISSING = "missing"
    """A list names it, and it is not there."""
    NEW = "new"
    """It is there, and no list names it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One file by its name, with what the lists say of it and what it is."""

    name: str
    fate: Fate
    listed: Digests
    found: Digests


def matched(listed: Collection[str], there: Collection[str]) -> dict[str, str | None]:
    """Each listed name with the name of the file that it means, or None if there is none.

    Names are equal if they are so in composed form: some systems store the letters of a name decomposed.
    """
    exact = set(there)
    composed = {unicodedata.normalize("NFC", name): name for name in there}
    return {
        name: name if name in exact else composed.get(unicodedata.normalize("NFC", name)) for name in listed
    }


def compare(
    listed: Mapping[str, Digests],
    there: Collection[str],
    digests_of: Callable[[str, Collection[Algorithm]], Digests],
) -> list[Finding]:
    """What has become of every file, by name.

    `digests_of` reads one of the files `there` with the algorithms that the lists use for it.
    """
    findings, known = list[Finding](), set[str]()
    for name, file in sorted(matched(listed, there).items()):
        if file is None:
            findings.append(Finding(name, Fate.MISSING, listed[name], {}))
            continue
        known.add(file)
        found = digests_of(file, tuple(listed[name]))
        fate = Fate.SOUND if found == listed[name] else Fate.CHANGED
        findings.append(Finding(file, fate, listed[name], found))
    findings += [Finding(name, Fate.NEW, {}, {}) for name in there if name not in known]
    return sorted(findings, key=lambda finding: finding.name)
