"""Draws page images as scanners produce them: tinted paper with noise, lines of text, a picture."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from PIL import Image, ImageDraw

Size = tuple[int, int]
Save = Callable[[Image.Image, Path], None]

SMALL: Final = (1240, 1754)
"""A4 at 150 dpi: small for a scan, so what the system adds weighs more than in real life."""
BOOK: Final = (1748, 2480)
"""A5 at 300 dpi."""
LETTER: Final = (2480, 3508)
"""A4 at 300 dpi."""
FINE: Final = (3496, 4960)
"""A5 at 600 dpi, as bilevel pages are often scanned."""
SHEET: Final = (4380, 3200)
"""A map or a double page of a newspaper, 14 megapixels."""
_NOISE, _TINT_NOISE = 4.0, 1.5
_PAPER: Final = (238, 230, 212)


class Kind(NamedTuple):
    """How a page is stored."""

    name: str
    size: Size
    save: Save


def draw_pages(folder: Path, number: int) -> Path:
    """Pages of one kind: colour, LZW, with much noise."""
    folder.mkdir()
    paper = Image.effect_noise(SMALL, 20).convert("RGB")
    for page_number in range(number):
        page = paper.copy()
        _write_lines(page, page_number)
        page.save(folder / f"{page_number:04d}.tif", compression="tiff_lzw", dpi=(150, 150))
    return folder


def draw_mixed(folder: Path, number: int) -> Path:
    """Pages of every kind in turn; the first of them is a large sheet."""
    folder.mkdir()
    papers: dict[Size, Image.Image] = {}
    for page_number in range(number):
        kind = KINDS[(page_number - 1) % len(KINDS)] if page_number else SHEET_KIND
        page = papers.setdefault(kind.size, _paper(kind.size)).copy()
        _write_lines(page, page_number)
        kind.save(page, folder / f"{page_number:04d}-{kind.name}")
    return folder


def _write_lines(page: Image.Image, page_number: int) -> None:
    ink = ImageDraw.Draw(page)
    height = page.height / 44
    font_size = height * 0.7
    for line in range(40):
        words = f"{page_number} Seite, {line} Zeile, und was auf ihr geschrieben steht"
        ink.text((height * 2, height * (line + 2)), words, fill=(line * 3, 20, 20), font_size=font_size)


def _paper(size: Size) -> Image.Image:
    """Tinted, darker towards the spine, with a smooth coloured picture in its lower third."""
    width, height = size
    noise = np.random.default_rng(1)
    x, y = np.linspace(0, 1, width, dtype=np.float32), np.linspace(0, 1, height, dtype=np.float32)
    light = 1 - 0.15 * np.exp(-12 * x)[None, :, None]
    drawn = light * np.array(_PAPER, np.float32)
    drawn = np.broadcast_to(drawn, (height, width, 3)).copy()
    rows, columns = slice(int(height * 0.62), int(height * 0.92)), slice(int(width * 0.5), int(width * 0.92))
    drawn[rows, columns] = _photograph(x[columns], y[rows])
    drawn += noise.standard_normal((height, width, 1), np.float32) * _NOISE
    drawn += noise.standard_normal((height, width, 3), np.float32) * _TINT_NOISE
    return Image.fromarray(np.clip(drawn, 0, 255).astype(np.uint8), "RGB")


def _photograph(x: Any, y: Any) -> Any:
    waves = np.sin(40 * x[None, :] + 9 * y[:, None]), np.cos(25 * y[:, None] - 7 * x[None, :])
    return np.stack([120 + 90 * waves[0], 110 + 70 * waves[1], 100 + 50 * waves[0] * waves[1]], axis=-1)


def _tiff(compression: str | None) -> Save:
    def save(page: Image.Image, path: Path) -> None:
        page.save(path.with_suffix(".tif"), compression=compression, dpi=(300, 300))

    return save


def _bilevel(dpi: int) -> Save:
    def save(page: Image.Image, path: Path) -> None:
        black = page.convert("L").point(lambda value: 255 if value > 110 else 0).convert("1")
        black.save(path.with_suffix(".tif"), compression="group4", dpi=(dpi, dpi))

    return save


def _png(page: Image.Image, path: Path) -> None:
    page.save(path.with_suffix(".png"), dpi=(300, 300), compress_level=6)


def _png_with_alpha(page: Image.Image, path: Path) -> None:
    """Fading out towards its corners."""
    page.putalpha(Image.eval(Image.radial_gradient("L").resize(page.size), lambda value: 510 - 2 * value))
    _png(page, path)


def _jpeg(page: Image.Image, path: Path) -> None:
    page.save(path.with_suffix(".jpg"), quality=92, subsampling="4:2:0", dpi=(300, 300))


SHEET_KIND: Final = Kind("sheet", SHEET, _tiff(None))
KINDS: Final = (
    Kind("bilevel-300", LETTER, _bilevel(300)),
    Kind("plain-tiff", BOOK, _tiff(None)),
    Kind("jpeg", BOOK, _jpeg),
    Kind("lzw-tiff", BOOK, _tiff("tiff_lzw")),
    Kind("rgba-png", BOOK, _png_with_alpha),
    Kind("jpeg-tiff", BOOK, _tiff("jpeg")),
    Kind("bilevel-600", FINE, _bilevel(600)),
    Kind("rgb-png", BOOK, _png),
)
