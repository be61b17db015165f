"""The main job on page images: real books where they are at hand, drawn pages always."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from tests.e2e.conftest import System

SAMPLES = Path(os.environ.get("TASKMANAGER_SAMPLE_DATA", Path(__file__).parents[3] / "shared" / "data"))
BOOKS = sorted(folder.parent.name for folder in (SAMPLES / "books").glob("*/images"))
IMAGES = {".tif", ".tiff", ".png", ".jpg"}
FORMATS = {"shell": "JPEG", "jp2": "JPEG2000"}


@pytest.fixture(scope="module")
def system_options() -> Sequence[str]:
    return ("--plugins", "shell", "jp2", "--slots", "1")


def draw_book(masters: Path) -> None:
    """Pages of different sizes and modes, as scanners make them."""
    masters.mkdir(parents=True)
    for number, (mode, size) in enumerate([("1", (900, 1400)), ("L", (905, 1396)), ("RGB", (899, 1402))]):
        page = Image.new(mode, size, "white")
        ImageDraw.Draw(page).text((90, 120), f"page {number}", fill="black")
        page.save(masters / f"{number:08}.tif", dpi=(300, 300))


def convert(system: System, plugin: str, masters: Path) -> None:
    """One job, and every result opened by another program than the one that made it."""
    before = {file.name: file.read_bytes() for file in masters.iterdir()}
    target = masters.parent / f"{masters.name.removeprefix('master_')}_{plugin}"
    goobi = {"process_id": 1, "step_id": 2, "process_title": masters.name}

    job = system.finished(
        system.submit(plugin=plugin, source=str(masters), destination=str(target), goobi=goobi)["id"],
        within_seconds=100,
    )

    assert job["status"] == "DONE", job["error"]
    pages = {file.stem: size(file) for file in masters.iterdir() if file.suffix.lower() in IMAGES}
    results = {file.stem: size(file, FORMATS[plugin]) for file in target.iterdir()}
    assert results == pages
    assert job["files"] == len(pages)
    assert job["bytes"] == sum(file.stat().st_size for file in target.iterdir())
    assert {file.name: file.read_bytes() for file in masters.iterdir()} == before


def size(file: Path, expected: str | None = None) -> tuple[int, int]:
    """Width and height in pixels, after reading the whole image."""
    with Image.open(file) as image:
        image.load()
        assert expected in {None, image.format}
        return image.size


@pytest.mark.parametrize("plugin", FORMATS)
def test_drawn_pages_are_converted(system: System, plugin: str) -> None:
    masters = system.roots / f"drawn-{plugin}" / "images" / "master_drawn_media"
    draw_book(masters)

    convert(system, plugin, masters)


@pytest.mark.skipif(not BOOKS, reason="no sample books: set TASKMANAGER_SAMPLE_DATA to their folder")
@pytest.mark.parametrize("plugin", FORMATS)
def test_real_books_are_converted(system: System, plugin: str) -> None:
    for book in BOOKS:
        folder = system.roots / f"{book}-{plugin}"
        shutil.copytree(SAMPLES / "books" / book, folder)
        [masters] = (folder / "images").glob("master_*")
        convert(system, plugin, masters)


@pytest.mark.parametrize("plugin", FORMATS)
def test_a_damaged_page_ends_in_an_error_and_leaves_the_process_folder_as_it_was(
    system: System, plugin: str
) -> None:
    masters = system.roots / f"damaged-{plugin}" / "images" / "master_damaged_media"
    draw_book(masters)
    page = masters / "00000001.tif"
    page.write_bytes(page.read_bytes()[:2000])
    target = masters.parent / "damaged_media"
    target.mkdir()
    (target / "00000000.jpg").write_bytes(b"made before")

    job = system.finished(
        system.submit(plugin=plugin, source=str(masters), destination=str(target))["id"], within_seconds=60
    )

    assert job["status"] == "ERROR"
    assert page.name in job["error"]["message"]
    assert [(file.name, file.read_bytes()) for file in target.iterdir()] == [("00000000.jpg", b"made before")]
