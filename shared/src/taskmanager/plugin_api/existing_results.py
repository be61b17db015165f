"""What a job does about results of an earlier job whose page is gone. Pure: works on names only.

A name is the path of a file relative to the destination, with `/` between folders.
"""

from collections.abc import Collection, Iterable
from enum import StrEnum
from pathlib import PurePosixPath

from taskmanager.files.overlap import folded
from taskmanager.model.reasons.job_texts import file_texts, list_texts

NAMES_SHOWN = 10


class Existing(StrEnum):
    """What happens to files in the destination that look like results but are not results of this job."""

    KEEP = "keep"
    """They stay, and a warning names them."""
    REPLACE = "replace"
    """They are removed in the same step in which the results are placed: both happen, or neither."""
    REFUSE = "refuse"
    """The job is refused before any work if there is any file with the suffix of the results."""


def of_the_kind(names: Iterable[str], results: Collection[str]) -> list[str]:
    """The files in a folder of the results that have one of their suffixes; hidden ones are ignored."""
    kinds = {_kind(result) for result in results}
    return [name for name in names if not _hidden(name) and _kind(name) in kinds]


def left_over(names: Iterable[str], results: Collection[str]) -> list[str]:
    """Files of the results' kind that none of the results will replace, whatever the share ignores."""
    made = {folded(result) for result in results}
    return [name for name in of_the_kind(names, results) if folded(name) not in made]


def _kind(name: str) -> tuple[PurePosixPath, str]:
    path = PurePosixPath(name)
    return path.parent, path.suffix


def _hidden(name: str) -> bool:
    return PurePosixPath(name).name.startswith(".")


def folders_of(results: Iterable[str]) -> set[str]:
    """The folders the results go to, `.` for the destination itself."""
    return {str(PurePosixPath(result).parent) for result in results}


def listed(names: Collection[str]) -> str:
    """Names for a sentence, shortened to the first few."""
    more = [list_texts.CUT] if len(names) > NAMES_SHOWN else []
    return list_texts.joined(list_texts.COMMA, [*sorted(names)[:NAMES_SHOWN], *more])


def kept_warning(names: Collection[str], where: str) -> str:
    """What the log says about files that stay."""
    return file_texts.EXISTING_KEPT(number=len(names), path=where, names=listed(names))


def leaving_note(names: Collection[str]) -> str:
    """What the log says about files that are removed."""
    return f"{len(names)} file(s) of pages that are gone leave when the results come: {listed(names)}"


def refusal(names: Collection[str], where: str) -> str:
    """Why the job does not start."""
    return file_texts.EXISTING_REFUSED(path=where, number=len(names), names=listed(names))
