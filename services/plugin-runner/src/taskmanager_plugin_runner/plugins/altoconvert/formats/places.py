"""Places on a page as the formats write them, and words that share one."""

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.job_texts import document_texts
from taskmanager_plugin_runner.plugins.fulltext.model import Box, Word

_NUMBER: Final = r"-?[0-9]+(?:\.[0-9]+)?"
_POINT: Final = re.compile(rf"({_NUMBER}),({_NUMBER})")


def of_corners(left: float, top: float, right: float, bottom: float) -> Box:
    """A place given by its edges."""
    return Box(left, top, max(0.0, right - left), max(0.0, bottom - top))


def of_points(text: str, element: etree._Element, name: str) -> Box:
    """The place around a polygon `x,y x,y ...`; raises JobFailedError for anything else."""
    points = [_POINT.fullmatch(point) for point in text.split()]
    found = [(float(point[1]), float(point[2])) for point in points if point is not None]
    if not found or len(found) != len(points):
        raise JobFailedError(
            document_texts.NO_PLACE(line=element.sourceline, name=name, value=repr(text[:60]))
        )
    across, down = [x for x, _ in found], [y for _, y in found]
    return of_corners(min(across), min(down), max(across), max(down))


def shared(text: str, box: Box | None, confidence: float | None = None) -> Iterator[Word]:
    """The words of a text that has one place: its width is shared by the letters."""
    start = 0
    for piece in text.split():
        start = text.index(piece, start)
        place = None
        if box is not None:
            letter = box.width / len(text)
            place = Box(box.left + start * letter, box.top, len(piece) * letter, box.height)
        yield Word(piece, place, confidence)
        start += len(piece)
