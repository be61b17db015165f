"""The comparison of reduced copies notices a wrong picture, and not what compression leaves."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.pictures.comparing import (
    Reduced,
    require_equal,
    require_jpeg_alike,
    require_same_facts,
)
from taskmanager_plugin_runner.plugins.pictures.facts import Colour, PictureFacts

Pixels = NDArray[Any]


def page(width: int = 620, height: int = 877) -> Pixels:
    """A page of text on yellowed paper, with a coloured initial."""
    image = Image.new("RGB", (width, height), (236, 228, 206))
    ink = ImageDraw.Draw(image)
    for line in range(height // 22 - 4):
        ink.text(
            (width // 8, 40 + 22 * line),
            "Der Mond ist aufgegangen, die goldnen Sternlein prangen" * 2,
            fill=(40, 30, 20),
        )
    ink.rectangle((width // 8, 40, width // 4, height // 6), fill=(170, 30, 30))
    return np.asarray(image)


def saved(tmp_path: Path, pixels: Pixels, quality: int = 90) -> Path:
    path = tmp_path / "1.jpg"
    Image.fromarray(pixels).save(path, quality=quality)
    return path


def compare(tmp_path: Path, result: Pixels, source: Pixels, quality: int = 90) -> None:
    height, width = result.shape[:2]
    require_jpeg_alike(saved(tmp_path, result, quality), (width, height), Reduced.of(source), quality)


@pytest.mark.parametrize("quality", [30, 60, 75, 90, 98])
def test_a_compressed_page_looks_like_its_source(tmp_path: Path, quality: int) -> None:
    compare(tmp_path, page(), page(), quality)


@pytest.mark.parametrize("longest", [64, 240, 400, 800])
def test_a_smaller_copy_looks_like_its_source(tmp_path: Path, longest: int) -> None:
    small = Image.fromarray(page())
    small.thumbnail((longest, longest))
    compare(tmp_path, np.asarray(small), page())


WRONG: dict[str, Callable[[Pixels], Pixels]] = {
    "grey": lambda pixels: np.repeat(pixels.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8),
    "inverted": lambda pixels: 255 - pixels,
    "mirrored": lambda pixels: pixels[:, ::-1],
    "upside down": lambda pixels: pixels[::-1],
    "shifted": lambda pixels: np.roll(pixels, pixels.shape[0] // 8, axis=0),
    "half": lambda pixels: np.where(
        np.arange(len(pixels))[:, None, None] < len(pixels) // 2, pixels, 128
    ).astype(np.uint8),
    "red for blue": lambda pixels: pixels[..., ::-1],
    "black": np.zeros_like,
    "white": lambda pixels: np.full_like(pixels, 255),
}


@pytest.mark.parametrize("how", WRONG)
def test_a_wrong_picture_is_noticed(tmp_path: Path, how: str) -> None:
    with pytest.raises(JobFailedError, match="does not look like its source"):
        compare(tmp_path, np.ascontiguousarray(WRONG[how](page())), page())


def test_one_sample_that_differs_is_no_lossless_result() -> None:
    other = page().copy()
    other[5, 7, 1] ^= 1
    require_equal(page(), page())
    with pytest.raises(JobFailedError, match="1 samples differ, the first at column 7, row 5, channel 1"):
        require_equal(other, page())


def test_facts_that_differ_are_named() -> None:
    one = PictureFacts("jp2", (10, 20), Colour.RGB, 3, 12, dots_per_inch=(300, 300))
    require_same_facts(one, one)
    for changed, said in (
        ({"bits": 8}, "bits: 8 instead of 12"),
        ({"colour": Colour.GREY}, "colour: grey instead of RGB"),
        ({"stored": (20, 10)}, "pixels across: 20 instead of 10"),
        ({"dots_per_inch": None}, "resolution: none instead of"),
        ({"icc": b"x"}, "the colour profile"),
    ):
        with pytest.raises(JobFailedError, match=said):
            require_same_facts(replace(one, **changed), one)
