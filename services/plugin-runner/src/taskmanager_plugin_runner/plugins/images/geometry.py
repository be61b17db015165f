"""Straightens a picture, crops it to its page, and has another program confirm it. Runs in a child process.

The angle is found by jdeskew, from the directions in the picture's spectrum; the page by OpenCV, as the
largest bright area on a dark ground. Both look at a reduced copy; libvips turns the picture itself.
"""

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
import pyvips
from jdeskew.estimator import get_angle
from numpy.typing import NDArray
from PIL import Image

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.coded_text import told
from taskmanager_plugin_runner.plugins.images import texts
from taskmanager_plugin_runner.plugins.images.treatment import Treatment
from taskmanager_plugin_runner.plugins.pictures import comparing, samples

cv2.setNumThreads(1)  # several pictures at once instead; and a process with threads does not fork safely

Box = tuple[int, int, int, int]
"""Left, top, width and height in pixels."""

_LOOKED_AT: Final = 1600
"""Pixels along the longest side of the copy in which angle and page are looked for."""
_ANGLE_SEARCHED: Final = 15.0
_ANGLE_LEAST: Final = 0.1
"""Degrees; turning by less blurs more than it straightens."""
_DARK_RING: Final = 0.25
"""The share of the outermost pixels that is dark where there is a ground around the page."""
_CONTRAST: Final = 40
"""Out of 255, between page and ground."""
_PAGE_SHARE, _PAGE_FILL = 0.25, 0.75
"""How much of the picture a page takes at least, and how much of its own box."""
_DIFFERENCE: Final = 4.0
"""Out of 255, over reduced copies: programs differ in how they interpolate."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """What is done to a picture's shape: turned by `angle` degrees counterclockwise, then cut to `box`."""

    angle: float = 0.0
    box: Box | None = None

    @property
    def changes(self) -> bool:
        """Whether it does anything."""
        return bool(self.angle) or self.box is not None


def find(pixels: NDArray[Any], treatment: Treatment) -> tuple[Geometry, list[str]]:
    """What is to be done to a picture of 8-bit pixels, and notes about what was left alone."""
    notes: list[str] = []
    grey, step = _reduced_grey(pixels)
    ground = _ground(grey)
    angle = _angle(grey, ground, treatment, notes) if treatment.deskew else 0.0
    if not treatment.crop:
        return Geometry(angle), notes
    looked = _turned(grey[..., None], angle, (ground,))[..., 0]
    small = _page(looked, notes)
    if small is None:
        return Geometry(angle), notes
    height, width = _turned_size(pixels, angle)
    margin = treatment.crop_margin / 100 * max(width, height)
    left, top = (max(0, round(edge * step - margin)) for edge in small[:2])
    right = min(width, round((small[0] + small[2]) * step + margin))
    bottom = min(height, round((small[1] + small[3]) * step + margin))
    box = (left, top, right - left, bottom - top)
    return Geometry(angle, None if box == (0, 0, width, height) else box), notes


def applied(pixels: NDArray[Any], geometry: Geometry, background: tuple[int, int, int]) -> NDArray[Any]:
    """The picture turned and cropped by libvips; corners that come into being are of the background."""
    turned = _turned(pixels, geometry.angle, background[: pixels.shape[2]])
    if geometry.box is None:
        return turned
    left, top, width, height = geometry.box
    return np.ascontiguousarray(turned[top : top + height, left : left + width])


def require_applied(
    result: NDArray[Any], source: NDArray[Any], geometry: Geometry, background: tuple[int, int, int]
) -> None:
    """Raise JobFailedError unless Pillow, which turns and crops a reduced copy, gets the same."""
    image = Image.fromarray(source[..., 0] if source.shape[2] == 1 else source)
    size, step = image.size, max(1.0, max(image.size) / _LOOKED_AT)
    image = image.resize((round(size[0] / step), round(size[1] / step)), Image.Resampling.BOX)
    fill = background[0] if source.shape[2] == 1 else background
    image = image.rotate(geometry.angle, Image.Resampling.BICUBIC, expand=True, fillcolor=fill)
    if geometry.box is not None:
        left, top, width, height = (edge / step for edge in geometry.box)
        image = image.crop((round(left), round(top), round(left + width), round(top + height)))
    wanted = np.asarray(image).reshape(image.height, image.width, -1)
    try:
        comparing.require_close(result, wanted, _DIFFERENCE)
    except JobFailedError as error:
        raise JobFailedError(texts.NOT_AS_TURNED(error=told(error))) from error


def _reduced_grey(pixels: NDArray[Any]) -> tuple[NDArray[Any], float]:
    """A grey copy in which things are looked for, and how many pixels each of its pixels stands for."""
    image = pyvips.Image.new_from_array(np.ascontiguousarray(pixels))
    if image.bands > 1:
        image = image.copy(interpretation="srgb").colourspace("b-w")
    step = max(1.0, max(image.width, image.height) / _LOOKED_AT)
    found = samples.array_of(image.resize(1 / step) if step > 1 else image)[..., 0]
    return np.ascontiguousarray(found), step


def _ground(grey: NDArray[Any]) -> int:
    """The brightness of the outermost pixels."""
    return int(np.median(_ring(grey)))


def _ring(grey: NDArray[Any]) -> NDArray[Any]:
    return np.concatenate([grey[:2].ravel(), grey[-2:].ravel(), grey[:, :2].ravel(), grey[:, -2:].ravel()])


def _angle(grey: NDArray[Any], ground: int, treatment: Treatment, notes: list[str]) -> float:
    """By how many degrees the picture is to be turned; 0 with a note if that is doubtful."""
    angle = get_angle(grey, angle_max=_ANGLE_SEARCHED)
    if abs(angle) < _ANGLE_LEAST:
        return 0.0
    if abs(angle) > treatment.deskew_limit:
        notes.append(texts.TOO_SKEW(angle=f"{angle:.2f}", limit=f"{treatment.deskew_limit:g}"))
        return 0.0
    left = get_angle(_turned(grey[..., None], angle, (ground,))[..., 0], angle_max=_ANGLE_SEARCHED)
    if abs(left) > abs(angle) / 2:
        notes.append(texts.NOT_STRAIGHTER(angle=f"{angle:.2f}"))
        return 0.0
    return float(angle)


def _turned(pixels: NDArray[Any], angle: float, background: tuple[int, ...]) -> NDArray[Any]:
    if not angle:
        return pixels
    image = pyvips.Image.new_from_array(np.ascontiguousarray(pixels))
    turned = image.similarity(
        angle=-angle, interpolate=pyvips.Interpolate.new("bicubic"), background=list(background)
    )
    return samples.array_of(turned)


def _turned_size(pixels: NDArray[Any], angle: float) -> tuple[int, int]:
    """Height and width of the turned picture; nothing is computed but the size."""
    image = pyvips.Image.black(pixels.shape[1], pixels.shape[0])
    turned = image.similarity(angle=-angle) if angle else image
    return turned.height, turned.width


def _page(grey: NDArray[Any], notes: list[str]) -> Box | None:
    """Where the page is on a darker ground; None if there is no such ground, or nothing like a page."""
    smooth = cv2.medianBlur(grey, 5)
    threshold, _ = cv2.threshold(smooth, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    bright = smooth > threshold
    if not bright.any() or bright.all():
        return None
    if (_ring(smooth) <= threshold).mean() < _DARK_RING:
        return None
    if smooth[bright].mean() - smooth[~bright].mean() < _CONTRAST:
        return None
    closed = cv2.morphologyEx(bright.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((15, 15), np.uint8))
    count, _, areas, _ = cv2.connectedComponentsWithStats(closed, connectivity=4)
    largest = 1 + int(np.argmax(areas[1:count, cv2.CC_STAT_AREA]))
    left, top, width, height, area = (int(value) for value in areas[largest])
    if width * height < _PAGE_SHARE * grey.size or area < _PAGE_FILL * width * height:
        notes.append(texts.NO_EDGE())
        return None
    return left, top, width, height
