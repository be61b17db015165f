"""Finds which file is which page of a work. Pure: works on stems of names.

The METS of a process names its pictures, but with another folder or suffix, or by an address on a server of
pictures; so only the stem of a name counts. Without any common stem, pages and pictures are paired by their
order, if there are as many.
"""

from collections.abc import Sequence
from typing import NamedTuple

from taskmanager_plugin_runner.plugins.goobi_metadata.model import Work


class Matched(NamedTuple):
    """`order`: the stems in the order of the book, each with the index of its page in the work, or None.

    `without_picture` are pages of the work (by what names them) that have no file, `without_page` stems that
    are no page of the work; those come last.
    """

    order: tuple[tuple[str, int | None], ...]
    without_picture: tuple[str, ...] = ()
    without_page: tuple[str, ...] = ()


def match(stems: Sequence[str], work: Work) -> Matched:
    """Pair files, whose stems are all different and in natural order, with the pages of a work."""
    known = set(stems)
    if not work.pages:
        return Matched(tuple((stem, None) for stem in stems))
    own = [next((stem for stem in page.stems if stem in known), None) for page in work.pages]
    if not any(own):
        if len(stems) == len(work.pages):
            return Matched(tuple((stem, index) for index, stem in enumerate(stems)))
        missing = tuple(_named(index, work) for index in range(len(stems), len(work.pages)))
        return Matched(_unmatched(stems), missing, tuple(stems[len(work.pages) :]))
    order: dict[str, int | None] = {}
    missing = ()
    for index, stem in enumerate(own):
        if stem is None or stem in order:
            missing = (*missing, _named(index, work))
        else:
            order[stem] = index
    left = tuple(stem for stem in stems if stem not in order)
    return Matched((*order.items(), *((stem, None) for stem in left)), missing, left)


def _unmatched(stems: Sequence[str]) -> tuple[tuple[str, int | None], ...]:
    return tuple((stem, None) for stem in stems)


def _named(index: int, work: Work) -> str:
    page = work.pages[index]
    return page.stems[0] if page.stems else page.id or str(index + 1)
