"""The files of the corpus hold what was drawn, as far as other readers can tell."""

import io
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from PIL import Image, ImageCms
from tests.images import codecs, icc, oracle
from tests.images.colours import lab_to_srgb, srgb_to_lab
from tests.images.corpus import png
from tests.images.corpus.collect import draw, drawn
from tests.images.corpus.make import bilevel, fax, grey, large, paletted, rgb, white_is_zero, with_extra
from tests.images.oracle import Either, Refused, Right, expect
from tests.images.pictures import Array, picture
from tests.images.stored import Layout, tiff
from tests.images.targets import CONVERTED, JPEG, LOSSLESS, THUMBNAIL
from tests.images.truth import Colour, Extra, Numbers, Truth

LAYOUTS = {
    "strips": Layout(),
    "one strip": Layout(rows_per_strip=0),
    "rows": Layout(rows_per_strip=1),
    "big-endian": Layout(order=">"),
    "BigTIFF": Layout(big=True),
    "odd offsets": Layout(odd=True),
    "tiles": Layout(tile=(16, 16)),
    "planes": Layout(separate=True),
    "predictor": Layout(compression=5, predictor=2),
    "predictor in tiles": Layout(compression=8, predictor=2, tile=(32, 16)),
    **{f"compression {number}": Layout(compression=number) for number in codecs.COMPRESSORS},
}


def seen(data: bytes) -> Array:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image)


@pytest.mark.parametrize("name", LAYOUTS)
def test_pillow_reads_what_was_drawn(name: str) -> None:
    assert np.array_equal(seen(tiff(rgb(), LAYOUTS[name])), rgb().samples)


@pytest.mark.parametrize("order", ["<", ">"])
def test_pillow_reads_sixteen_bits(order: str) -> None:
    assert np.array_equal(seen(tiff(grey(16), Layout(order=order))), grey(16).samples[..., 0])


@pytest.mark.parametrize("encode", [codecs.lzw, codecs.old_lzw])
def test_lzw_of_both_kinds_survives_a_full_table(encode: object) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (60, 100, 3)).astype(np.uint64)
    for samples in (noise, large().samples):
        truth = Truth(samples=samples, colour=Colour.RGB)
        layout = Layout(
            compression=5,
            rows_per_strip=0,
            encode=lambda block: encode(block.astype("u1").tobytes()),  # type: ignore[operator]
        )
        assert np.array_equal(seen(tiff(truth, layout)), samples)


def test_fax_codes_are_read_as_they_were_drawn() -> None:
    wanted = fax().samples[..., 0] == 0
    for number, encode in ((2, codecs.ccitt_rle), (3, codecs.group3)):
        layout = Layout(compression=number, encode=partial(as_fax, encode))
        assert np.array_equal(seen(tiff(fax(), layout)), wanted)


def as_fax(encode: Callable[[Array], bytes], block: Array) -> bytes:
    return encode(block[..., 0].astype(np.int64))


def test_bits_are_packed_from_the_most_significant_on() -> None:
    assert codecs.pack_bits(np.array([0xABC, 0xDEF]), 12) == b"\xab\xcd\xef"
    assert codecs.pack_bits(np.array([1, 0, 1]), 1) == b"\xa0"
    assert codecs.reverse_bits(b"\x01\xf0") == b"\x80\x0f"


@pytest.mark.parametrize("interlaced", [False, True])
def test_pillow_reads_the_drawn_png(interlaced: bool) -> None:
    assert np.array_equal(seen(png.png(rgb().samples, 8, 2, interlaced=interlaced)), rgb().samples)


@pytest.mark.parametrize(
    "profile", ["srgb", "adobe_rgb", "prophoto", "grey_gamma", "cmyk_table", "rgb_table"]
)
def test_the_drawn_profiles_are_profiles(profile: str) -> None:
    content = getattr(icc, profile)()
    assert len(content) == int.from_bytes(content[:4])
    assert ImageCms.ImageCmsProfile(io.BytesIO(content)).profile.version < 5


def test_the_corpus_is_the_same_each_time() -> None:
    assert [case.data for case in draw()] == [case.data for case in drawn()]


def test_every_truth_fits_what_pillow_reads_where_it_reads_the_plain_kinds() -> None:
    compared = 0
    for case in drawn():
        plain = case.truth.orientation == 1 and case.kind in {
            "JPEG",
            "PNG",
            "PNG, interlaced",
            "PNG, alpha",
            "BMP",
            "WebP",
            "GIF",
            "JPEG 2000",
        }
        right = expect(replace(case.truth, gamma=None), JPEG)
        if not plain or not isinstance(right, Right) or case.truth.colour is Colour.CMYK:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pixels = over_white(case.data)
        if pixels is not None:
            compared += 1
            assert np.abs(pixels - right.pixels).mean() * 255 < 4, case.name
    assert compared > 40


def over_white(data: bytes) -> Array | None:
    try:
        image = Image.open(io.BytesIO(data))
        if image.mode.startswith("I"):
            return np.asarray(image)[..., np.newaxis] / 65535
        pixels = np.asarray(image.convert("RGBA")) / 255
    except OSError:
        return None
    composed = pixels[..., :3] * pixels[..., 3:] + 1 - pixels[..., 3:]
    return composed[..., :1] if image.mode in {"1", "L", "LA"} else composed


def top_left(truth: Truth, target: object = JPEG) -> list[float]:
    right = expect(truth, target)  # type: ignore[arg-type]
    assert isinstance(right, Right)
    return [float(value) for value in right.pixels[0, 0]]


def test_depths_are_scaled_by_their_full_range() -> None:
    for bits in (1, 3, 8, 12, 16, 32):
        full = Truth(samples=np.full((1, 1, 1), 2**bits - 1, np.uint64), bits=bits)
        assert top_left(full) == [1.0]
    low = Truth(samples=np.full((1, 1, 1), -128), numbers=Numbers.SIGNED)
    assert top_left(low) == [0.0]


def test_white_is_zero_means_the_opposite() -> None:
    assert np.allclose(oracle.units(white_is_zero(8)), oracle.units(grey(8)), atol=1 / 255)


@pytest.mark.parametrize("turn", range(1, 9))
def test_orientation_is_what_pillow_makes_of_it(turn: int) -> None:
    from PIL import ImageOps  # noqa: PLC0415 - only here

    image = Image.fromarray(rgb().samples.astype("u1"))
    image.getexif()[274] = turn
    wanted = np.asarray(ImageOps.exif_transpose(image))
    assert np.array_equal(oracle.upright(rgb().samples, turn), wanted)


def test_alpha_is_put_over_white() -> None:
    for kind in (Extra.ASSOCIATED, Extra.UNASSOCIATED):
        right = expect(with_extra(rgb(), (kind,)), JPEG)
        assert isinstance(right, Right)
        assert np.all(right.pixels[:, -1] > 0.65)
        assert np.allclose(right.pixels[:, 0], rgb().samples[:, 0] / 255)


def test_palettes_of_eight_bits_are_known() -> None:
    for factor, bits in ((257, 8), (256, 8), (1, 16)):
        right = expect(paletted(8, factor), LOSSLESS)
        assert isinstance(right, Right)
        assert right.bits == bits


def test_lossless_refuses_what_it_cannot_hold() -> None:
    assert isinstance(expect(grey(32), LOSSLESS), Refused)
    assert isinstance(expect(grey(32), CONVERTED), Either)
    assert isinstance(expect(with_extra(rgb(), (Extra.UNSPECIFIED,)), LOSSLESS), Refused)
    assert isinstance(expect(with_extra(rgb(), (Extra.UNSPECIFIED,)), CONVERTED), Right)
    assert isinstance(expect(bilevel(), LOSSLESS), Right)


def test_a_thumbnail_has_no_profile_and_is_converted() -> None:
    right = expect(rgb(profile=icc.prophoto()), THUMBNAIL)
    assert isinstance(right, Right)
    assert right.profile is None
    assert np.abs(right.pixels - rgb().samples / 255).mean() > 0.05


def test_lab_goes_to_srgb_and_back() -> None:
    colours = picture(3)
    assert np.allclose(lab_to_srgb(srgb_to_lab(colours)), colours, atol=1e-6)
