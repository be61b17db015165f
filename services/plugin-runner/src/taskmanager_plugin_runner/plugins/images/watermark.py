"""Puts a watermark on a picture. Runs in a child process."""

from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, UnidentifiedImageError

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.images import texts
from taskmanager_plugin_runner.plugins.images.treatment import Mark, Position

FONTS: Final = (
    Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"),
    Path("/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf"),
)
"""Tried in this order where a template names none; without them Pillow's own, which has no umlauts."""
_NO_LETTER: Final = "\uffff"
_EDGE: Final = 0.02
"""Distance from the edge, as a share of the longest side."""
_WIDEST: Final = 0.9
_HEIGHT_LEAST: Final = 8
_SEEN: Final = 2.0
"""Out of 255, over the pixels of the mark: with less, nobody sees it."""

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def applied(pixels: NDArray[Any], mark: Mark) -> tuple[NDArray[Any], bool]:
    """A copy of 8-bit pixels with the mark on it, and whether it can be seen; raises JobFailedError."""
    height, width = pixels.shape[:2]
    stamp = _fitting(_stamp(mark, max(_HEIGHT_LEAST, round(max(width, height) * mark.height / 100))), width)
    colours, alpha = _split(stamp, pixels.shape[2], mark.opacity)
    high, wide = alpha.shape[:2]
    left, top = _place(mark.position, (width, height), (wide, high))
    high, wide = min(high, height - top), min(wide, width - left)
    colours, alpha = colours[:high, :wide], alpha[:high, :wide]
    made = pixels.copy()
    below = made[top : top + high, left : left + wide].astype(np.float32)
    mixed = np.rint(below * (1 - alpha) + colours * alpha)
    made[top : top + high, left : left + wide] = mixed.astype(np.uint8)
    covered = alpha[..., 0] > 0
    seen = bool(covered.any()) and float(np.abs(mixed - below)[covered].mean()) >= _SEEN
    return made, seen


def _place(position: Position, size: tuple[int, int], stamp: tuple[int, int]) -> tuple[int, int]:
    """Left and top of the mark."""
    edge = round(max(size) * _EDGE)
    right, bottom = (max(0, whole - part - edge) for whole, part in zip(size, stamp, strict=True))
    middle = max(0, (size[0] - stamp[0]) // 2), max(0, (size[1] - stamp[1]) // 2)
    near = min(edge, max(0, size[0] - stamp[0])), min(edge, max(0, size[1] - stamp[1]))
    return {
        Position.TOP_LEFT: near,
        Position.TOP_RIGHT: (right, near[1]),
        Position.BOTTOM_LEFT: (near[0], bottom),
        Position.BOTTOM_RIGHT: (right, bottom),
        Position.CENTRE: middle,
    }[position]


def _split(stamp: Image.Image, channels: int, opacity: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """Colours and alpha (0 to 1) of the mark, with as many colours as the picture."""
    alpha = np.asarray(stamp.getchannel("A"), dtype=np.float32)[..., None] / 255 * opacity
    plain = np.asarray(stamp.convert("RGB").convert("L" if channels == 1 else "RGB"), dtype=np.float32)
    return plain.reshape(*plain.shape[:2], channels), alpha


def _fitting(stamp: Image.Image, width: int) -> Image.Image:
    most = max(1, round(width * _WIDEST))
    if stamp.width <= most:
        return stamp
    return stamp.resize((most, max(1, round(stamp.height * most / stamp.width))), Image.Resampling.LANCZOS)


@lru_cache(maxsize=32)
def _stamp(mark: Mark, height: int) -> Image.Image:
    return _drawn(mark, height) if mark.picture is None else _loaded(mark.picture, height)


def _loaded(path: Path, height: int) -> Image.Image:
    try:
        with Image.open(path) as image:
            whole = image.convert("RGBA")
    except (OSError, UnidentifiedImageError, ValueError) as error:
        raise JobFailedError(texts.NO_MARK(path=path, error=error)) from error
    size = (max(1, round(whole.width * height / whole.height)), height)
    return whole.resize(size, Image.Resampling.LANCZOS)


def _drawn(mark: Mark, height: int) -> Image.Image:
    font, name = _font(mark.font, height)
    for letter in mark.text:
        if not letter.isspace() and _missing(font, letter):
            raise JobFailedError(texts.NO_GLYPH(font=name, letter=letter))
    left, top, right, bottom = (round(edge) for edge in font.getbbox(mark.text))
    image = Image.new("RGBA", (max(1, right - left), max(1, bottom - top)), (*mark.colour, 0))
    ImageDraw.Draw(image).text((-left, -top), mark.text, font=font, fill=(*mark.colour, 255))
    return image


def _font(path: Path | None, height: int) -> tuple[Font, str]:
    chosen = path or next((known for known in FONTS if known.is_file()), None)
    if chosen is None:
        return ImageFont.load_default(size=height), "Aileron"
    try:
        return ImageFont.truetype(str(chosen), height), chosen.name
    except OSError as error:
        raise JobFailedError(texts.NO_FONT(font=chosen, error=error)) from error


def _missing(font: Font, letter: str) -> bool:
    """Whether the font draws the letter as it draws one that no font has."""
    found, none = font.getmask(letter), font.getmask(_NO_LETTER)
    return found.size == none.size and bytes(found) == bytes(none)
