"""What an installed plugin lacks: packages of the extra that its entry point names. Imports no plugin.

A plugin that needs more than its distribution installs says so in its entry point:

    [project.optional-dependencies]
    ocr = ["tesserocr"]

    [project.entry-points."taskmanager.plugins"]
    ocr = "my_package:Ocr [ocr]"
"""

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, EntryPoint, PackageNotFoundError, distribution
from typing import Final

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_EXTRA: Final = re.compile(r"""extra\s*==\s*['"]([^'"]+)['"]""")


def missing_packages(entry: EntryPoint) -> list[str]:
    """The packages of the entry point's extras that are not installed, sorted.

    Markers other than `extra` are not looked at: what an extra names is taken to be needed everywhere.
    """
    if entry.dist is None:
        return []
    wanted = {name for extra in entry.extras for name in _packages(entry.dist, extra)}
    return sorted(name for name in wanted if not _is_installed(name))


def why_missing(entry: EntryPoint) -> str | None:
    """A sentence that says what is missing and how to install it; None if nothing is."""
    missing = missing_packages(entry)
    if not missing or entry.dist is None:
        return None
    install = f"pip install '{entry.dist.name}[{','.join(entry.extras)}]'"
    return f"the plugin {entry.name} needs {', '.join(missing)}: {install}"


def required_packages(entry: EntryPoint) -> set[str]:
    """The packages that the entry point's distribution asks for, with those of the entry point's extras."""
    if entry.dist is None:
        return set()
    always = {
        name[0]
        for requirement in entry.dist.requires or []
        if not _EXTRA.search(requirement) and (name := _NAME.match(requirement.strip()))
    }
    return always | {name for extra in entry.extras for name in _packages(entry.dist, extra)}


def _packages(found: Distribution, extra: str) -> Iterator[str]:
    for requirement in found.requires or []:
        text, _, marker = requirement.partition(";")
        if extra in _EXTRA.findall(marker) and (name := _NAME.match(text.strip())):
            yield name[0]


def _is_installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True
