"""Small copies of a large JPEG, decoded at a fraction of its size; Pillow makes the expected ones."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.pictures import decoding, formats
from taskmanager_plugin_runner.plugins.pictures.derivatives import Wanted, derive

WHITE = (255, 255, 255)


def source(folder: Path, size: tuple[int, int], orientation: int = 1, mode: str = "RGB") -> Path:
    """A JPEG whose colours change slowly across and down, so that each place has one of its own."""
    width, height = size
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    image = Image.fromarray(np.dstack([x, y, (x + y) / 2]).astype(np.uint8)).convert(mode)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = folder / "1.jpg"
    image.save(path, quality=95, exif=exif, dpi=(300, 300))
    return path


def small_copy(folder: Path, path: Path, longest_side: int) -> NDArray[Any]:
    wanted = Wanted(folder / "small.jpg", longest_side, 90, keep_profile=True)
    derive(path, formats.read_facts(path)[0], (wanted,), WHITE)
    with Image.open(wanted.path) as image:
        return np.asarray(image)


def expected_copy(path: Path, longest_side: int) -> NDArray[Any]:
    with Image.open(path) as image:
        upright = ImageOps.exif_transpose(image)
        upright.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
        return np.asarray(upright)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("size", "longest_side"), [((1203, 801), 100), ((801, 1203), 300), ((1000, 160), 50)]
)
def test_a_small_copy_has_the_size_and_colours_of_one_from_all_pixels(
    tmp_path: Path, size: tuple[int, int], longest_side: int, orientation: int
) -> None:
    path = source(tmp_path, size, orientation)
    made, expected = small_copy(tmp_path, path, longest_side), expected_copy(path, longest_side)
    assert made.shape == expected.shape
    assert np.abs(made.astype(int) - expected.astype(int)).mean() < 4


def test_grey_stays_grey(tmp_path: Path) -> None:
    assert small_copy(tmp_path, source(tmp_path, (1600, 1200), mode="L"), 100).shape == (75, 100)


def test_resolution_is_that_of_the_scan(tmp_path: Path) -> None:
    small_copy(tmp_path, source(tmp_path, (1600, 1200)), 100)
    with Image.open(tmp_path / "small.jpg") as image:
        assert image.info["dpi"] == (300, 300)


@pytest.mark.parametrize(("longest_side", "side"), [(None, 1600), (500, 1600), (400, 800), (100, 200)])
def test_twice_the_pixels_that_are_wanted_are_decoded(
    tmp_path: Path, longest_side: int | None, side: int
) -> None:
    path = source(tmp_path, (1600, 1200))
    assert decoding.decode(path, formats.read_facts(path)[0], longest_side).facts.width == side


def test_damage_is_noticed_whatever_size_is_wanted(tmp_path: Path) -> None:
    path = source(tmp_path, (1600, 1200))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 9 // 10] + b"\xff\xd9")
    with pytest.raises(JobFailedError, match="damaged"):
        small_copy(tmp_path, path, 100)
