"""The judge of `make images` must see every way in which a picture can be silently wrong."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.images.corpus import jpeg2000
from tests.images.corpus.make import bilevel, grey, rgb, with_extra
from tests.images.icc import adobe_rgb, srgb
from tests.images.judge import faults
from tests.images.oracle import Right, expect
from tests.images.pictures import Array
from tests.images.results import Result, UnreadableError, read_jp2, read_jpeg
from tests.images.targets import JPEG, LOSSLESS, Target
from tests.images.truth import Extra, Truth

Change = Callable[[Array], Array]


def moved(rows: int, columns: int) -> Change:
    return lambda a: np.roll(a, (rows, columns), axis=(0, 1))


def half(value: int) -> Change:
    def cut(a: Array) -> Array:
        return np.concatenate([a[: len(a) // 2], np.full_like(a[len(a) // 2 :], value)])

    return cut


CHANGES: dict[str, Change] = {
    "inverted": lambda a: 255 - a,
    "mirrored": lambda a: a[:, ::-1],
    "upside down": lambda a: a[::-1],
    "turned": lambda a: a[::-1, ::-1],
    "right": moved(0, 1),
    "left": moved(0, -1),
    "down": moved(1, 0),
    "up": moved(-1, 0),
    "half black": half(0),
    "half white": half(255),
    "half grey": half(128),
    "darker": lambda a: a // 2,
    "last rows": lambda a: np.concatenate([a[:-4], np.full_like(a[-4:], 0)]),
}
COLOUR_CHANGES: dict[str, Change] = {
    "grey": lambda a: np.repeat(a.mean(axis=-1, keepdims=True), 3, axis=-1).astype(a.dtype),
    "red and blue": lambda a: a[..., ::-1],
    "red and green": lambda a: a[..., [1, 0, 2]],
    "one channel moved": lambda a: np.stack([a[..., 0], a[..., 1], np.roll(a[..., 2], 3, axis=1)], axis=-1),
}
PICTURES = {"grey": grey, "bilevel": bilevel, "rgb": rgb}


def right_for(truth: Truth, target: Target = JPEG) -> Right:
    expectation = expect(truth, target)
    assert isinstance(expectation, Right)
    return expectation


def as_jpeg(levels: Array, **options: Any) -> Result:
    pixels = np.ascontiguousarray(levels).astype(np.uint8)
    file = io.BytesIO()
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    image.save(file, "JPEG", quality=90, **options)
    return read_jpeg(file.getvalue())


def levels_of(right: Right) -> Array:
    levels: Array = np.rint(right.pixels * 255).astype(np.uint8)
    return levels


@pytest.mark.parametrize("name", PICTURES)
def test_the_right_picture_is_right(name: str) -> None:
    right = right_for(PICTURES[name]())
    assert faults(as_jpeg(levels_of(right)), right, jpeg=True) == []


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_picture_is_wrong(name: str, change: str) -> None:
    right = right_for(PICTURES[name]())
    assert faults(as_jpeg(CHANGES[change](levels_of(right))), right, jpeg=True)


@pytest.mark.parametrize("change", COLOUR_CHANGES)
def test_changed_colours_are_wrong(change: str) -> None:
    right = right_for(rgb())
    assert faults(as_jpeg(COLOUR_CHANGES[change](levels_of(right))), right, jpeg=True)


@pytest.mark.parametrize("draw", [grey, rgb])
def test_swapped_bytes_are_noticed_and_called_so(draw: Callable[[int], Truth]) -> None:
    truth = draw(16)
    swapped = truth.samples.astype(np.uint16).byteswap()
    right = right_for(truth)
    assert faults(as_jpeg(swapped >> 8), right, jpeg=True)
    right = right_for(truth, LOSSLESS)
    stored = Truth(samples=swapped.astype(np.uint64), bits=16, colour=truth.colour)
    assert faults(read_jp2(jp2_of(stored)), right, jpeg=False)[0].startswith("its bytes are swapped")


def test_the_reason_says_what_was_done_to_the_picture() -> None:
    right = right_for(rgb())
    levels = levels_of(right)
    assert faults(as_jpeg(255 - levels), right, jpeg=True)[0].startswith("inverted")
    assert faults(as_jpeg(levels[:, ::-1]), right, jpeg=True)[0].startswith("mirrored")
    assert faults(as_jpeg(levels[..., ::-1]), right, jpeg=True)[0].startswith("red and blue")


def test_size_components_and_orientation_are_looked_at() -> None:
    right = right_for(rgb())
    levels = levels_of(right)
    assert faults(as_jpeg(levels[:-1]), right, jpeg=True) == ["37 x 22 instead of 37 x 23"]
    assert faults(as_jpeg(levels[..., :1]), right, jpeg=True) == ["1 components instead of 3"]
    turned = Image.Exif()
    turned[274] = 6
    result = as_jpeg(levels, exif=turned.tobytes())
    assert faults(result, right, jpeg=True) == ["it is to be turned again (orientation 6)"]


def test_profiles_are_looked_at() -> None:
    plain, wide = right_for(rgb()), right_for(rgb(profile=adobe_rgb()))
    levels = levels_of(plain)
    assert faults(as_jpeg(levels), wide, jpeg=True) == ["the profile is lost"]
    assert faults(as_jpeg(levels, icc_profile=adobe_rgb()), wide, jpeg=True) == []
    assert faults(as_jpeg(levels, icc_profile=adobe_rgb()), plain, jpeg=True)
    assert faults(as_jpeg(levels, icc_profile=srgb()), plain, jpeg=True) == []


def test_resolution_is_looked_at() -> None:
    right = right_for(rgb(resolution=(300, 150)))
    levels = levels_of(right)
    assert faults(as_jpeg(levels, dpi=(300, 150)), right, jpeg=True) == []
    assert faults(as_jpeg(levels, dpi=(150, 300)), right, jpeg=True)
    assert faults(as_jpeg(levels), right, jpeg=True) == ["the resolution of 300 x 150 is lost"]
    assert faults(as_jpeg(levels, dpi=(72, 72)), right_for(rgb()), jpeg=True) == ["a resolution of 72 x 72"]


def jp2_of(truth: Truth) -> bytes:
    stream = jpeg2000.codestream(truth.samples, truth.bits)
    extra = [jpeg2000.definitions(truth.samples.shape[2] - 1, 1)] if truth.extra else []
    return jpeg2000.jp2(stream, truth, jpeg2000.enumerated(16 if truth.samples.shape[2] > 2 else 17), extra)


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_a_lossless_jp2_is_compared_sample_by_sample(bits: int) -> None:
    truth = rgb(bits)
    right = right_for(truth, LOSSLESS)
    assert faults(read_jp2(jp2_of(truth)), right, jpeg=False) == []
    other = truth.samples.copy()
    other[11, 17, 1] += 1
    changed = Truth(samples=other, bits=bits, colour=truth.colour)
    assert faults(read_jp2(jp2_of(changed)), right, jpeg=False)


def test_alpha_must_stay_alpha() -> None:
    truth = with_extra(rgb(), (Extra.UNASSOCIATED,))
    right = right_for(truth, LOSSLESS)
    assert faults(read_jp2(jp2_of(truth)), right, jpeg=False) == []
    assert faults(read_jp2(jp2_of(rgb())), right, jpeg=False) == ["3 components instead of 4"]


def test_half_a_jp2_is_no_result() -> None:
    data = jp2_of(grey())
    with pytest.raises(UnreadableError):
        read_jp2(data[: len(data) // 2])
