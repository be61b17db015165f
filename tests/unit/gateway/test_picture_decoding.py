"""What is made of small pictures, in this process; the integration tests start real reading processes."""

import socket
import threading
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvips
import tifffile
from PIL import Image

from taskmanager_gateway.pictures.reader import process, wire
from taskmanager_gateway.pictures.reader.decoding import decoded, said
from taskmanager_gateway.pictures.reader.orders import Failure, Limits, Made, Order, Wanted
from taskmanager_testing.waiting import LONG_SECONDS

LIMITS = Limits(pixels=2_000_000, memory_bytes=50_000_000, seconds=5)
WIDTH, HEIGHT = 60, 40
GREY = np.tile(np.linspace(0, 255, WIDTH), (HEIGHT, 1))
"""From black on the left to white on the right."""


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Made]:
    """Reads a file with this content."""

    def make(
        content: bytes, wanted: Wanted = Wanted.THUMBNAIL, page: int = 1, limits: Limits = LIMITS
    ) -> Made:
        path = tmp_path / "picture"
        path.write_bytes(content)
        with path.open("rb") as file:
            return decoded(file.fileno(), Order(wanted, page), limits)

    return make


def vips() -> Any:
    return pyvips.Image.new_from_array(GREY.astype(np.uint8))


def jp2(side: int = 64) -> bytes:
    content = BytesIO()
    Image.fromarray(np.zeros((side, side, 3), np.uint8)).save(content, "JPEG2000")
    return content.getvalue()


def tiff(samples: Any, **options: Any) -> bytes:
    content = BytesIO()
    tifffile.imwrite(content, samples, **options)
    return content.getvalue()


def ends(made: Made) -> tuple[int, int]:
    """The left and the right end of the small picture."""
    with Image.open(BytesIO(made.parts[""])) as image:
        row = np.asarray(image.convert("L"))[HEIGHT // 2].astype(int)
    return int(row[0]), int(row[-1])


@pytest.mark.parametrize("samples", [np.uint8, np.uint16, np.float32, np.int32])
def test_grey_of_every_depth_goes_from_black_to_white(read: Callable[..., Made], samples: type) -> None:
    scale = 257 if samples is np.uint16 else 1
    made = read(tiff((GREY * scale).astype(samples), photometric="minisblack"))
    assert (made.failure, made.damage, made.width, made.height) == (None, "", WIDTH, HEIGHT)
    black, white = ends(made)
    assert black < 12
    assert white > 243


def test_what_is_transparent_is_white(read: Callable[..., Made]) -> None:
    black, white = ends(read(vips().bandjoin(vips().linear(-1, 255).cast("uchar")).pngsave_buffer()))
    assert black < 12
    assert white > 243


def test_a_turned_picture_is_upright(read: Callable[..., Made]) -> None:
    turned = vips().rot270()
    turned.set_type(pyvips.GValue.gint_type, "orientation", 6)
    for wanted in (Wanted.THUMBNAIL, Wanted.PYRAMID):
        made = read(turned.jpegsave_buffer(Q=95), wanted)
        assert (made.width, made.height) == (WIDTH, HEIGHT)
    assert ends(read(turned.jpegsave_buffer(Q=95)))[0] < 20


def test_a_small_picture_has_tiles_down_to_one_pixel(read: Callable[..., Made]) -> None:
    made = read(vips().pngsave_buffer(), Wanted.PYRAMID)
    assert set(made.parts) == {f"{level}/0_0" for level in range(7)}


def test_resolution_is_told_only_if_the_file_gives_one(read: Callable[..., Made]) -> None:
    assert read(tiff(GREY.astype(np.uint8))).dots_per_inch == 0
    assert (
        read(tiff(GREY.astype(np.uint8), resolution=(300, 300), resolutionunit="INCH")).dots_per_inch == 300
    )


@pytest.mark.parametrize("width_height", [(1_500, 1_400), (100_001, 1)])
def test_too_many_pixels_are_refused(read: Callable[..., Made], width_height: tuple[int, int]) -> None:
    width, height = width_height
    made = read(pyvips.Image.black(width, height).pngsave_buffer())
    assert (made.failure, made.detail) == (Failure.TOO_LARGE, f"{width} x {height}")


def test_jpeg_2000_is_shown_and_as_small_as_memory_demands(read: Callable[..., Made]) -> None:
    whole = read(jp2(), Wanted.PYRAMID)
    assert (whole.format, whole.width, whole.shrunk) == ("JPEG 2000", 64, 1)
    half = read(jp2(), Wanted.PYRAMID, limits=Limits(2_000_000, 64 * 64 * 18 // 2, 5))
    assert (half.width, half.height, half.shrunk) == (32, 32, 2)
    assert read(jp2(), page=2).failure is Failure.NO_PAGE


def test_private_tags_are_no_damage_and_a_missing_end_is(read: Callable[..., Made]) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (200, 300), np.uint8)
    assert read(tiff(noise, extratags=[(65_000, "s", 0, "of a scanner", True)])).damage == ""
    cut = Image.fromarray(noise)
    content = BytesIO()
    cut.save(content, "JPEG")
    made = read(content.getvalue()[: len(content.getvalue()) // 2])
    assert "premature end" in made.damage
    assert made.parts


@pytest.mark.parametrize(
    ("content", "failure"),
    [
        (b"", Failure.NO_PICTURE),
        (b"%PDF-1.7", Failure.NO_PICTURE),
        (b"II*\0\x08\0\0\0", Failure.DAMAGED),
        (b"\x89PNG\r\n\x1a\n", Failure.DAMAGED),
        (b"\0\0\0\x0cjP  \r\n\x87\n", Failure.DAMAGED),
        (b"\xff\xd8\xff\xe0", Failure.DAMAGED),
    ],
)
def test_what_is_no_sound_file_says_why(read: Callable[..., Made], content: bytes, failure: Failure) -> None:
    made = read(content)
    assert made.failure is failure
    assert bool(made.detail) is (failure is Failure.DAMAGED)


def test_what_a_library_says_becomes_one_printable_line() -> None:
    assert said(ValueError("a\n b\x1b[31m\na\n")) == "a; b [31m"
    assert said(ValueError("")) == "ValueError"
    assert said(pyvips.Error("unable to call x", "")) == "its header is not valid"
    assert len(said(ValueError("a" * 1_000))) == 300


def test_a_reading_process_answers_until_its_gateway_is_gone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its loop, in a thread of this process, which must not be bounded in its time."""
    monkeypatch.setattr(process, "_bound_time", lambda _: None)
    (tmp_path / "page.xml").write_text('<alto><Page WIDTH="9" HEIGHT="9"/></alto>')
    (tmp_path / "1.png").write_bytes(vips().pngsave_buffer())
    ours, theirs = socket.socketpair()
    serving = threading.Thread(target=process.serve, args=(theirs, decoded, LIMITS))
    serving.start()

    def ask(name: str, wanted: Wanted) -> Made:
        with (tmp_path / name).open("rb") as file:
            wire.ask(ours, Order(wanted), file.fileno())
        return wire.answered(ours, LONG_SECONDS)

    assert ask("page.xml", Wanted.WORDS).failure is None
    assert ask("1.png", Wanted.THUMBNAIL).width == WIDTH
    assert ask("page.xml", Wanted.THUMBNAIL).failure is Failure.NO_PICTURE
    ours.close()
    serving.join()
    theirs.close()


def test_a_picture_for_which_memory_does_not_suffice_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(process, "_bound_time", lambda _: None)
    ours, theirs = socket.socketpair()

    def decode(*_: object) -> Made:
        raise MemoryError

    with ours, theirs, (tmp_path / "1.png").open("w+b") as file:
        wire.ask(ours, Order(Wanted.THUMBNAIL), file.fileno())
        ours.shutdown(socket.SHUT_WR)
        process.serve(theirs, decode, LIMITS)
        assert wire.answered(ours, LONG_SECONDS).failure is Failure.MEMORY
