"""Draws a small book as a scanner would deliver it: A5 pages at 300 dpi, TIFF, each page different.

Drawn here so that the demo needs no third-party images. Knows nothing of jobs or process folders.
"""

import random
import textwrap
from importlib import resources
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

DOTS_PER_INCH = 300
PAGE_SIZE = (1748, 2480)
"""A5 at 300 dpi, in pixels."""

MARGIN = 210
INK = (43, 36, 30)
FAINT_INK = (120, 96, 72)
PAPER = (242, 233, 214)
LINE_HEIGHT = 96
CHARACTERS_PER_LINE = 37

COVER = "A Short Account of the Basement"


def draw_book(folder: Path) -> list[Path]:
    """Draw the cover and one page for each chapter as TIFF files; returns them in reading order."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = [_cover(), *(_page(number, *chapter) for number, chapter in enumerate(_chapters(), start=1))]
    files = []
    for number, page in enumerate(pages, start=1):
        file = folder / f"{number:08d}.tif"
        page.save(file, compression="tiff_lzw", dpi=(DOTS_PER_INCH, DOTS_PER_INCH))
        files.append(file)
    return files


def _chapters() -> list[tuple[str, str]]:
    """Title and text of each chapter: in the file, chapters are separate, each under its title."""
    text = resources.files(__package__).joinpath("book.txt").read_text(encoding="utf-8")
    parts = [chapter.split("\n", 1) for chapter in text.strip().split("\n\n")]
    return [(title, " ".join(body.split())) for title, body in parts]


def _cover() -> Image.Image:
    page = _paper(seed=0)
    draw = ImageDraw.Draw(page)
    width, height = PAGE_SIZE
    for inset, stroke in ((120, 10), (150, 3)):
        draw.rectangle((inset, inset, width - inset, height - inset), outline=FAINT_INK, width=stroke)
    _centered(draw, 620, COVER, 92)
    _centered(draw, 780, "in six chapters", 58)
    _centered(draw, height - 420, "drawn by the machine that reads it", 48)
    return page


def _page(number: int, title: str, text: str) -> Image.Image:
    page = _paper(seed=number)
    draw = ImageDraw.Draw(page)
    _centered(draw, 110, COVER, 36, FAINT_INK)
    draw.line((MARGIN, 180, PAGE_SIZE[0] - MARGIN, 180), fill=FAINT_INK, width=3)
    _centered(draw, 270, f"{number}. {title}", 76)
    lines = textwrap.wrap(text, CHARACTERS_PER_LINE)
    font = ImageFont.load_default(66)
    for row, line in enumerate(lines):
        draw.text((MARGIN, 450 + row * LINE_HEIGHT), line, font=font, fill=INK)
    _centered(draw, PAGE_SIZE[1] - 190, f"- {number} -", 48)
    return page


def _paper(seed: int) -> Image.Image:
    """Slightly uneven paper, a little different on each page, but the same in each run."""
    chance = random.Random(seed)  # noqa: S311 - stains, not secrets
    grain = Image.new("RGB", (18, 26))
    grain.putdata([_tint(chance) for _ in range(18 * 26)])
    return grain.resize(PAGE_SIZE, Image.Resampling.BICUBIC)


def _tint(chance: random.Random) -> tuple[int, int, int]:
    shade = chance.randint(-9, 5)
    red, green, blue = PAPER
    return red + shade, green + shade, blue + shade * 2


def _centered(
    draw: ImageDraw.ImageDraw, top: int, text: str, size: int, ink: tuple[int, int, int] = INK
) -> None:
    draw.text((PAGE_SIZE[0] / 2, top), text, font=ImageFont.load_default(size), fill=ink, anchor="ma")
