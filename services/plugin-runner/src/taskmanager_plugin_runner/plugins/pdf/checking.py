"""Checks a PDF by programs other than those that made it: its structure, its text, how its pages look.

`require_sound` and `require_picture` run in a child process. The text is what pdftotext finds, the pictures
of pages are made by pdftoppm, both of Poppler.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

import pikepdf
import pyvips

from taskmanager.errors import JobFailedError, ToolFailedError
from taskmanager.model.reasons.coded_text import told
from taskmanager.plugin_api.interface import JobContext
from taskmanager_plugin_runner.plugins.pdf import texts
from taskmanager_plugin_runner.plugins.pdf.text_layer import plain
from taskmanager_plugin_runner.plugins.pictures import colour, comparing, decoding, embedding, samples
from taskmanager_plugin_runner.plugins.pictures.facts import PictureFacts

_LOST: Final = 0.005
"""The share of a page's letters that pdftotext may drop: it takes a letter printed twice for bold type."""
_SHOWN_PIXELS: Final = 600
"""The longest side of the pictures of pages that are compared."""
_DIFFERENCE: Final = 6.0
"""Out of 255: another program scales, and shows colours a little differently."""


def require_sound(path: Path, pages: int) -> None:
    """Raise JobFailedError unless qpdf finds nothing to say about the file, and it has that many pages."""
    with pikepdf.open(path, access_mode=pikepdf.AccessMode.stream) as made:
        if problems := made.check_pdf_syntax():
            raise JobFailedError(texts.NOT_SOUND(error="; ".join(map(str, problems))[:500]))
        if len(made.pages) != pages:
            raise JobFailedError(texts.PAGES_IN_RESULT(found=len(made.pages), wanted=pages))


def require_text(
    context: JobContext, path: Path, letters: Sequence[str], folder: Path, time_limit: timedelta
) -> None:
    """Raise JobFailedError unless pdftotext finds on every page the `letters` that were put there."""
    written = folder / "found.txt"
    context.run_tool(["pdftotext", "-raw", "-enc", "UTF-8", path, written], time_limit=time_limit)
    found = written.read_text(encoding="utf-8").split("\f")
    written.unlink()
    if len(found) - 1 != len(letters):
        raise JobFailedError(texts.PAGES_IN_RESULT(found=len(found) - 1, wanted=len(letters)))
    for number, (wanted, text) in enumerate(zip(letters, found, strict=False), start=1):
        lost = letters_lost(wanted, plain(text))
        if lost > _LOST * len(wanted):
            raise JobFailedError(texts.TEXT_LOST(page=number, wanted=len(wanted), lost=lost))


def letters_lost(wanted: str, found: str) -> int:
    """How many of the wanted letters are missing, in whatever order they were found."""
    return (Counter(wanted) - Counter(found)).total()


def render(context: JobContext, path: Path, page: int, folder: Path, time_limit: timedelta) -> Path:
    """A picture of one page (from 1) as pdftoppm shows it."""
    shown, number, longest = folder / "shown", str(page), str(_SHOWN_PIXELS)
    context.run_tool(
        ["pdftoppm", "-png", "-singlefile", "-f", number, "-l", number, "-scale-to", longest, path, shown],
        time_limit=time_limit,
    )
    picture = shown.with_suffix(".png")
    if not picture.is_file():
        raise ToolFailedError(texts.OTHER_PICTURE(page=page, error="pdftoppm"))
    return picture


def require_picture(shown: Path, source: Path, facts: PictureFacts, page: int) -> None:
    """Raise JobFailedError unless the picture of a page looks like its source; `page` is for the message."""
    decoded = decoding.decode(source, facts, longest_side=_SHOWN_PIXELS)
    screen = colour.to_screen(decoded, bits=8, keep_profile=False, background=embedding.WHITE)
    image = pyvips.Image.new_from_file(str(shown))
    if screen.samples.shape[2] == 1:
        image = image.colourspace("b-w")
    try:
        comparing.require_close(samples.array_of(image), screen.samples, _DIFFERENCE)
    except JobFailedError as error:
        raise JobFailedError(texts.OTHER_PICTURE(page=page, error=told(error))) from error
