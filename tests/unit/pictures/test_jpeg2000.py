"""JP2 files looked through without decoding: what is complete, and what stands around a codestream."""

import contextlib
import io
import struct
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms
from tests.images.noise import noise

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.pictures.facts import Alpha, Colour, PictureFacts, SampleFormat
from taskmanager_plugin_runner.plugins.pictures.file_formats.boxes import fitting_profile, resolution
from taskmanager_plugin_runner.plugins.pictures.file_formats.jpeg2000 import codestream, read_jp2, write_file

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def jp2(mode: str = "RGB", size: tuple[int, int] = (150, 100), **options: object) -> bytes:
    made = io.BytesIO()
    noise(size, 50).convert(mode).save(made, "JPEG2000", **options)
    return made.getvalue()


PLAIN = jp2()
TILED = jp2(tile_size=(64, 64))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "1.jp2"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (PLAIN, (150, 100, 3, Colour.RGB)),
        (TILED, (150, 100, 3, Colour.RGB)),
        (jp2("L", (1, 1), num_resolutions=1), (1, 1, 1, Colour.GREY)),
    ],
)
def test_a_complete_file_gives_its_facts(
    path: Path, data: bytes, expected: tuple[int, int, int, Colour]
) -> None:
    path.write_bytes(data)
    facts = read_jp2(path)[0]
    assert (facts.width, facts.height, facts.samples, facts.colour) == expected
    assert (facts.bits, facts.sample_format) == (8, SampleFormat.UNSIGNED)


@settings(max_examples=200, deadline=None)
@given(data=st.sampled_from([PLAIN, TILED]), cut=st.integers(min_value=1, max_value=10**6))
def test_a_file_cut_anywhere_is_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, cut: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "cut.jp2"
    path.write_bytes(data[: -(1 + cut % (len(data) - 1))])
    with pytest.raises(JobFailedError):
        read_jp2(path)


@settings(max_examples=300, deadline=None)
@given(data=st.sampled_from([PLAIN, TILED]), at=st.integers(0, 400), value=st.integers(0, 255))
def test_a_damaged_header_is_refused_or_harmless_but_never_a_defect(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, at: int, value: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.jp2"
    path.write_bytes(data[:at] + bytes([value]) + data[at + 1 :])
    with contextlib.suppress(JobFailedError):
        read_jp2(path)


def test_a_missing_tile_is_noticed(path: Path) -> None:
    """The last tile-part is removed, and every length is corrected."""
    start = TILED.rindex(b"\xff\x90\x00\x0a")
    codestream = TILED.index(b"jp2c") - 4
    body = TILED[codestream + 8 : start] + b"\xff\xd9"
    path.write_bytes(TILED[:codestream] + struct.pack(">I4s", 8 + len(body), b"jp2c") + body)
    with pytest.raises(JobFailedError, match="has 5 of 6 tiles"):
        read_jp2(path)


def wrapped(path: Path, **changes: object) -> PictureFacts:
    """A file around the codestream of PLAIN that says what the facts say, read back."""
    source = path.with_name("plain.jp2")
    source.write_bytes(PLAIN)
    stream = path.with_name("stream.j2k")
    stream.write_bytes(codestream(source))
    write_file(path, stream, replace(read_jp2(source)[0], **changes))  # type: ignore[arg-type]
    return read_jp2(path)[0]


def test_what_is_written_around_a_codestream_is_read_by_others(path: Path) -> None:
    facts = wrapped(path, icc=SRGB, dots_per_inch=(300.0, 600.0))
    assert facts.dots_per_inch == pytest.approx((300, 600), rel=1e-6)
    assert facts.icc == SRGB
    with Image.open(path) as image, Image.open(io.BytesIO(PLAIN)) as plain:
        assert image.info["dpi"] == pytest.approx((300, 600), rel=1e-6)
        assert image.tobytes() == plain.tobytes()


def test_alpha_is_what_the_file_says_and_nothing_else(path: Path) -> None:
    path.write_bytes(jp2("RGBA"))
    assert read_jp2(path)[0].alpha is Alpha.UNASSOCIATED
    path.write_bytes(PLAIN)
    assert (read_jp2(path)[0].alpha, read_jp2(path)[0].unspecified) == (None, 0)


def test_zero_bytes_behind_the_end_do_no_harm(path: Path) -> None:
    stream = path.with_suffix(".j2k")
    path.write_bytes(PLAIN)
    stream.write_bytes(codestream(path) + bytes(100))
    write_file(path, stream, read_jp2(path)[0])
    assert read_jp2(path)[0].width == 150


@given(dpi=st.floats(min_value=1, max_value=100_000))
def test_a_resolution_is_written_as_exactly_as_its_box_allows(dpi: float) -> None:
    vn, vd, hn, hd, ve, he = struct.unpack(">HHHHbb", resolution(dpi, 300.0))
    assert Fraction(hn, hd) * 10**he * Fraction(254, 10000) == pytest.approx(dpi, rel=1e-3)
    assert Fraction(vn, vd) * 10**ve * Fraction(254, 10000) == 300


def test_only_profiles_a_jp2_file_may_hold_are_kept() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    assert fitting_profile(SRGB, grey=False) == SRGB
    assert fitting_profile(SRGB, grey=True) is None
    assert fitting_profile(lab, grey=False) is None
    assert fitting_profile(b"short", grey=False) is None
    assert fitting_profile(None, grey=False) is None
