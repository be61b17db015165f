"""Drawn page images, the real sample images where available, and the programs they are tested with."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageCms, ImageDraw

Draw = Callable[..., Path]

REPOSITORY = Path(__file__).resolve().parents[3]
PROGRAMS = (
    *("opj_compress", "opj_decompress", "opj_dump", "tesseract", "pdftotext", "pdfimages"),
    *("ffmpeg", "ffprobe", "sha512sum"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests if the programs are missing; in CI they are required."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing and not os.environ.get("CI"):
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=f"not installed: {', '.join(missing)}"))


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of real sample images."""
    folder = Path(os.environ.get("TASKMANAGER_SAMPLE_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no sample images: set TASKMANAGER_SAMPLE_DATA to their folder")
    return folder


@pytest.fixture(scope="session")
def srgb_profile() -> bytes:
    """A matrix-based colour profile."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def page(mode: str, size: tuple[int, int] = (310, 430)) -> Image.Image:
    """A page with a gradient, some lines of text and, where the mode has it, transparency."""
    grey = Image.radial_gradient("L").resize(size)
    colour = Image.merge(
        "RGB", (grey, grey.transpose(Image.Transpose.ROTATE_180), grey.point(lambda value: value // 2))
    )
    writing = ImageDraw.Draw(colour)
    for line in range(12):
        writing.text((20, 20 + 30 * line), f"{line} Der Mond ist aufgegangen", fill=(line * 20, 0, 90))
    if mode == "I;16":
        wide = b"".join(
            bytes([column % 256, row % 256]) for row in range(size[1]) for column in range(size[0])
        )
        return Image.frombytes(mode, size, wide)
    if mode in {"RGBA", "LA"}:
        colour.putalpha(grey)
    if mode == "P":
        return colour.quantize(64)
    return colour.convert(mode)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """An empty source folder."""
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


@pytest.fixture
def draw(source: Path) -> Draw:
    """Draw a page of a mode and save it into the source folder."""

    def save(name: str, mode: str = "RGB", size: tuple[int, int] = (310, 430), **options: object) -> Path:
        path = source / name
        page(mode, size).save(path, **options)  # type: ignore[arg-type]
        return path

    return save
