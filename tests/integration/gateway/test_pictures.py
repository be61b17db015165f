"""Drawn pictures of every format through real reading processes; another decoder looks at what they made."""

import asyncio
import os
import resource
import signal
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import pyvips
import tifffile
from PIL import Image
from tests.unit.gateway.conftest import job, until

from taskmanager.files.roots import Roots
from taskmanager.model.jobs import Job
from taskmanager_gateway.http.problems import ProblemError
from taskmanager_gateway.pictures.places import Side
from taskmanager_gateway.pictures.reader.orders import OVERLAP, TILE_SIDE, Limits, Made, Wanted
from taskmanager_gateway.pictures.readers import Readers
from taskmanager_gateway.pictures.service import Pictures
from taskmanager_gateway.pictures.settings import PictureSettings

WIDTH, HEIGHT = 900, 640
RED, GREEN, BLUE, WHITE = (220, 30, 30), (20, 160, 60), (40, 60, 200), (255, 255, 255)
LIMITS = Limits(pixels=4_000_000, memory_bytes=600_000_000, seconds=60)
NEAR = 12
"""How far a value may be off after JPEG."""


def drawn(width: int = WIDTH, height: int = HEIGHT) -> Any:
    """Red, green, blue and white quarters: a picture that is turned, mirrored or shifted is noticed."""
    picture = np.zeros((height, width, 3), np.uint8)
    half = (height // 2, width // 2)
    picture[: half[0], : half[1]], picture[: half[0], half[1] :] = RED, GREEN
    picture[half[0] :, : half[1]], picture[half[0] :, half[1] :] = BLUE, WHITE
    return picture


def page() -> Any:
    """The left half black, the right half white, one bit."""
    return np.hstack([np.zeros((HEIGHT, WIDTH // 2), bool), np.ones((HEIGHT, WIDTH // 2), bool)])


def write(folder: Path) -> None:
    """One file for each way in which pictures are stored."""
    rgb = pyvips.Image.new_from_array(drawn())
    for name, options in (("lzw", {}), ("tiled", {"tile": True}), ("jpeg", {"Q": 95})):
        compression = "jpeg" if name == "jpeg" else "lzw"
        rgb.tiffsave(
            str(folder / f"{name}.tif"), compression=compression, xres=300 / 25.4, yres=300 / 25.4, **options
        )
    pyvips.Image.new_from_array(page().astype(np.uint8) * 255).tiffsave(
        str(folder / "g4.tif"), compression="ccittfax4", bitdepth=1
    )
    rgb.jpegsave(str(folder / "plain.jpg"), Q=95)
    rgb.jpegsave(str(folder / "progressive.jpg"), Q=95, interlace=True)
    rgb.pngsave(str(folder / "plain.png"))
    rgb.bandjoin(255).pngsave(str(folder / "alpha.png"))
    Image.fromarray(drawn()).save(folder / "plain.jp2", irreversible=False)
    tifffile.imwrite(folder / "deep.tif", drawn().astype(np.uint16) * 257, photometric="rgb")
    turned = pyvips.Image.new_from_array(
        np.ascontiguousarray(np.rot90(drawn()))
    )  # upright again by 90 degrees
    turned.set_type(pyvips.GValue.gint_type, "orientation", 6)
    turned.jpegsave(str(folder / "turned.jpg"), Q=95)


@pytest.fixture(scope="module")
def drawings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(tmp_path_factory.mktemp("drawings"))
    write(folder)
    return folder


@pytest.fixture
async def pictures(drawings: Path, tmp_path: Path) -> AsyncIterator[Pictures]:
    settings = PictureSettings(processes=1, waiting=50, cache_bytes=50_000_000, limits=LIMITS)
    made = Pictures(Roots.of([drawings, tmp_path]), settings, Readers.of(settings))
    yield made
    made.close()


def reading_processes() -> list[psutil.Process]:
    """Those that the services of this test have started; servers of other tests are children as well."""
    children = psutil.Process().children()
    return [one for one in children if "taskmanager_gateway.pictures.reader.process" in one.cmdline()]


def reading_process() -> psutil.Process:
    """The only one."""
    [found] = reading_processes()
    return found


async def ask(
    pictures: Pictures, folder: Path, name: str, wanted: Wanted = Wanted.PYRAMID, page: int = 1
) -> Made:
    one: Job = job(1, source=str(folder))
    return (await pictures.show(one, Side.SOURCE, name, wanted, page)).made


def opened(jpeg: bytes) -> Any:
    with Image.open(BytesIO(jpeg)) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def near(pixel: Any, colour: tuple[int, int, int]) -> bool:
    return bool(np.all(np.abs(np.asarray(pixel) - colour) <= NEAR))


def corners(picture: Any) -> list[Any]:
    return [picture[at] for at in ((20, 20), (20, -20), (-20, 20), (-20, -20))]


def joined(made: Made) -> Any:
    """The whole picture, put together from the tiles of the largest size."""
    level = max(int(name.partition("/")[0]) for name in made.parts)
    whole = np.zeros((made.height, made.width, 3), int)
    for name, jpeg in made.parts.items():
        at, _, place = name.partition("/")
        if int(at) != level:
            continue
        column, row = map(int, place.split("_"))
        tile = opened(jpeg)
        left, top = (max(number * TILE_SIDE - OVERLAP, 0) for number in (column, row))
        whole[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
    return whole


COLOURED = ("lzw.tif", "tiled.tif", "jpeg.tif", "deep.tif", "plain.jpg", "progressive.jpg", "plain.png")


async def test_the_tiles_of_every_format_are_its_picture(pictures: Pictures, drawings: Path) -> None:
    for name in (*COLOURED, "alpha.png", "plain.jp2", "turned.jpg"):
        made = await ask(pictures, drawings, name)
        assert (made.width, made.height, made.pages, made.damage) == (WIDTH, HEIGHT, 1, ""), name
        found = corners(joined(made))
        assert all(map(near, found, (RED, GREEN, BLUE, WHITE))), f"{name}: {found}"
        assert "0/0_0" in made.parts


async def test_the_small_picture_of_every_format_is_its_picture(pictures: Pictures, drawings: Path) -> None:
    for name in (*COLOURED, "alpha.png", "plain.jp2", "turned.jpg"):
        made = await ask(pictures, drawings, name, Wanted.THUMBNAIL)
        small = opened(made.parts[""])
        assert max(small.shape) == 320, name
        found = corners(small)
        assert all(map(near, found, (RED, GREEN, BLUE, WHITE))), f"{name}: {found}"


async def test_facts_are_those_of_the_file(pictures: Pictures, drawings: Path) -> None:
    made = await ask(pictures, drawings, "g4.tif")
    assert (made.format, made.width, made.height) == ("TIFF", WIDTH, HEIGHT)
    whole = joined(made)
    assert near(whole[300, 100], (0, 0, 0))
    assert near(whole[300, -100], WHITE)
    assert (await ask(pictures, drawings, "lzw.tif")).dots_per_inch == 300
    assert (await ask(pictures, drawings, "plain.jp2")).format == "JPEG 2000"


async def test_each_page_of_a_file_is_shown(pictures: Pictures, tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "pages.tif") as file:
        for colour in (RED, GREEN):
            file.write(np.full((64, 64, 3), colour, np.uint8), photometric="rgb")
    for page, colour in ((1, RED), (2, GREEN)):
        made = await ask(pictures, tmp_path, "pages.tif", Wanted.THUMBNAIL, page)
        assert made.pages == 2
        assert near(opened(made.parts[""])[30, 30], colour)
    with pytest.raises(ProblemError, match="cannot be decoded"):
        await ask(pictures, tmp_path, "pages.tif", Wanted.THUMBNAIL, 3)
    (tmp_path / "one.png").write_bytes(pyvips.Image.new_from_array(drawn()).pngsave_buffer())
    with pytest.raises(ProblemError, match="no such page"):
        await ask(pictures, tmp_path, "one.png", Wanted.THUMBNAIL, 2)


async def test_of_a_damaged_picture_the_rest_is_shown_and_the_damage_told(
    pictures: Pictures, drawings: Path, tmp_path: Path
) -> None:
    for name in ("plain.jpg", "plain.png"):
        content = (drawings / name).read_bytes()
        (tmp_path / name).write_bytes(content[: len(content) * 2 // 3])
        for wanted in (Wanted.THUMBNAIL, Wanted.PYRAMID):
            made = await ask(pictures, tmp_path, name, wanted)
            assert made.damage, name
            assert made.parts, name
    whole = joined(await ask(pictures, tmp_path, "plain.jpg"))
    assert near(whole[20, 20], RED)


async def test_what_is_no_picture_says_so(pictures: Pictures, drawings: Path, tmp_path: Path) -> None:
    (tmp_path / "text.tif").write_text("no picture")
    (tmp_path / "empty.tif").touch()
    (tmp_path / "head.jp2").write_bytes((drawings / "plain.jp2").read_bytes()[:60])
    (tmp_path / "head.tif").write_bytes((drawings / "lzw.tif").read_bytes()[:8])
    for name, told in (("text.tif", "no TIFF"), ("empty.tif", "no TIFF")):
        with pytest.raises(ProblemError, match=told):
            await ask(pictures, tmp_path, name)
    for name in ("head.jp2", "head.tif"):
        with pytest.raises(ProblemError, match="cannot be decoded"):
            await ask(pictures, tmp_path, name)


async def test_what_needs_too_much_memory_is_shown_smaller_if_its_format_can(tmp_path: Path) -> None:
    limits = Limits(pixels=100_000_000, memory_bytes=200_000_000, seconds=60)
    settings = PictureSettings(processes=1, waiting=0, cache_bytes=50_000_000, limits=limits)
    pictures = Pictures(Roots.of([tmp_path]), settings, Readers.of(settings))
    side = 3_400  # 208 MB in OpenJPEG
    Image.fromarray(drawn(side, side)).save(tmp_path / "large.jp2", irreversible=False)
    made = await ask(pictures, tmp_path, "large.jp2")
    assert (made.shrunk, made.width, made.height) == (2, side // 2, side // 2)
    assert all(map(near, corners(joined(made)), (RED, GREEN, BLUE, WHITE)))

    turned = pyvips.Image.black(8_500, 8_500, bands=3)  # has to be turned as a whole: 217 MB
    turned.set_type(pyvips.GValue.gint_type, "orientation", 6)
    turned.jpegsave(str(tmp_path / "turned.jpg"))
    with pytest.raises(ProblemError, match=r"200 MB|ended"):
        await ask(pictures, tmp_path, "turned.jpg")
    pictures.close()


async def test_a_reading_process_is_bounded_and_knows_no_secret(pictures: Pictures, drawings: Path) -> None:
    await ask(pictures, drawings, "plain.png")
    process = reading_process()
    assert set(process.environ()) <= {
        *(
            "LC_ALL",
            "LC_CTYPE",
            "MALLOC_ARENA_MAX",
            "OPENBLAS_NUM_THREADS",
            "PATH",
            "PYTHONDONTWRITEBYTECODE",
        ),
        "VIPS_CONCURRENCY",
    }
    assert 0 < process.rlimit(resource.RLIMIT_AS)[1] < 8_000_000_000
    assert process.rlimit(resource.RLIMIT_FSIZE) == (0, 0)
    assert 0 < process.rlimit(resource.RLIMIT_CPU)[0] < 1_000
    assert not [file for file in process.open_files() if file.path.startswith(str(drawings))]


async def test_a_process_that_crashes_or_hangs_is_replaced(pictures: Pictures, drawings: Path) -> None:
    await ask(pictures, drawings, "plain.png")
    first = reading_process()
    first.kill()
    with pytest.raises(ProblemError, match="SIGKILL"):
        await ask(pictures, drawings, "lzw.tif")
    await ask(pictures, drawings, "lzw.tif")

    short = Limits(LIMITS.pixels, LIMITS.memory_bytes, seconds=0.2)
    settings = PictureSettings(processes=1, waiting=0, cache_bytes=50_000_000, limits=short)
    hasty = Pictures(Roots.of([drawings]), settings, Readers.of(settings))
    pictures.close()
    await until(lambda: not reading_processes())
    await ask(hasty, drawings, "g4.tif", Wanted.THUMBNAIL)
    stopped = reading_process()
    os.kill(stopped.pid, signal.SIGSTOP)
    with pytest.raises(ProblemError, match=r"within 0\.2 s"):
        await ask(hasty, drawings, "plain.png")
    assert not stopped.is_running()
    hasty.close()


async def test_more_than_may_wait_are_refused_and_the_others_answered(drawings: Path, tmp_path: Path) -> None:
    settings = PictureSettings(processes=1, waiting=1, cache_bytes=50_000_000, limits=LIMITS)
    pictures = Pictures(Roots.of([drawings]), settings, Readers.of(settings))
    asked = [ask(pictures, drawings, name, Wanted.THUMBNAIL) for name in COLOURED[:4]]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    refused = [one for one in answers if isinstance(one, ProblemError)]
    assert len(refused) == 2
    assert all(one.problem.kind.status == 503 for one in refused)
    assert await ask(pictures, drawings, COLOURED[3], Wanted.THUMBNAIL)
    pictures.close()
