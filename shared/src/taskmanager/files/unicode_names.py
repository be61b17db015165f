"""Finds a path whose names exist only in the other Unicode normal form, as macOS and some shares write them.

Reads folders only where a name with non-ASCII letters does not exist as written.
"""

import unicodedata
from pathlib import Path

from taskmanager.errors import PathRefusedError
from taskmanager.model.reasons.job_texts import path_texts


def as_spelled(path: Path) -> Path:
    """The absolute path with each name as its folder spells it; names that exist in no form stay as they are.

    Raises PathRefusedError if a name matches several entries of its folder and none of them exactly.
    """
    if str(path).isascii() or _exists(path):
        return path
    found = Path(path.anchor)
    for depth, name in enumerate(path.parts[1:], start=2):
        spelled = _entry(found, name)
        if spelled is None:
            return found.joinpath(*path.parts[depth - 1 :])
        found /= spelled
    return found


def _entry(folder: Path, name: str) -> str | None:
    """How `folder` spells a name; None if it has no such entry."""
    if _exists(folder / name):
        return name
    if name.isascii():
        return None
    wanted, entries = composed(name), _names(folder)
    fitting = sorted(entry for entry in entries if composed(entry) == wanted)
    if len(fitting) > 1:
        forms = ", ".join(ascii(entry) for entry in fitting)
        raise PathRefusedError(path_texts.SEVERAL_FORMS(path=repr(str(folder / name)), forms=forms))
    return fitting[0] if fitting else None


def _names(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.iterdir()]
    except OSError:
        return []  # the code that uses the path reports what is wrong with it


def _exists(path: Path) -> bool:
    try:
        path.lstat()
    except OSError:
        return False
    return True


def composed(name: str) -> str:
    """The form in which names are compared (NFC)."""
    return unicodedata.normalize("NFC", name)


def spelling_note(given: Path, used: Path) -> str:
    """What a job's log says about a name that was found in another form."""
    return f"{given} exists in another Unicode form only, which is used: {str(used)!a}"
