"""The bare tools that image jobs are compared with: without a system, as many at once as a job runs."""

import os
import resource
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image
from tests.bench.stage.usage import Cost, cost_of, family

from taskmanager.plugin_api import tools
from taskmanager_plugin_runner.plugins import magick
from taskmanager_plugin_runner.plugins.catalogue import read_catalogue
from taskmanager_plugin_runner.plugins.jp2.plugin import SHIPPED
from taskmanager_plugin_runner.plugins.jp2.profile import Profile
from taskmanager_plugin_runner.plugins.parallel import default_parallel

Command = Callable[[Path, Path], list[str]]
"""The arguments that make a result in a folder from a page."""
_FORMATS = {"JPEG2000": "jp2"}
_GREY = frozenset({"1", "L", "LA", "I;16", "I", "F"})


def run_bare(commands: Sequence[Command], pages: Sequence[Path], target: Path) -> Cost:
    """Run every command for every page."""
    target.mkdir()
    others = family(os.getpid())
    environment = magick.limits(default_parallel(), str(target))

    def convert(page: Path) -> None:
        for command in commands:
            tools.run(command(page, target), environment=environment)

    def work() -> None:
        with ThreadPoolExecutor(default_parallel()) as pool:
            list(pool.map(convert, pages))

    return cost_of(work, used=_ended, members=lambda: family(os.getpid()) - others, results=target)


def _ended() -> float:
    """Processor seconds of all tools that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def full_size(page: Path, target: Path) -> list[str]:
    """ImageMagick: a JPEG of the same pixel size."""
    return [*_read(page), *_FLAT, *_space(page), *_eight_bits(90), f"jpeg:{target / page.stem}.jpg"]


def reduced(size: int) -> Command:
    """ImageMagick: a JPEG for the screen."""

    def words(page: Path, target: Path) -> list[str]:
        hint = ("-define", f"jpeg:size={size}x{size}")
        smaller = ("-resize", f"{size}x{size}>")
        result = f"jpeg:{target / page.stem}.jpg"
        return [*_read(page, *hint), *_FLAT, *_space(page), *smaller, *_eight_bits(85), result]

    return words


def thumbnail(size: int) -> Command:
    """ImageMagick: a small JPEG without metadata."""

    def words(page: Path, target: Path) -> list[str]:
        smaller = ("-thumbnail", f"{size}x{size}>", "-strip")
        result = f"jpeg:{target / page.stem}-{size}.jpg"
        hint = ("-define", "jpeg:size=800x800")
        return [*_read(page, *hint), *_FLAT, *_space(page), *smaller, *_eight_bits(80), result]

    return words


def compressed(profile: str) -> Command:
    """OpenJPEG with the options of a profile."""
    chosen = read_catalogue("jp2", Profile.model_validate, SHIPPED)[profile]
    threads = max(1, len(os.sched_getaffinity(0)) // default_parallel())

    def words(page: Path, target: Path) -> list[str]:
        with Image.open(page) as image:
            options = chosen.arguments(*image.size, threads)
        return ["opj_compress", "-i", str(page), "-o", f"{target / page.stem}.jp2", *options]

    return words


def plain(page: Path, target: Path) -> list[str]:
    """ImageMagick: the page as an uncompressed TIFF, which opj_compress reads; nothing is measured here."""
    return [*_read(page), "-compress", "none", f"tiff:{target / page.stem}.tif"]


_FLAT = ("-auto-orient", "-background", "white", "-alpha", "remove", "-alpha", "off")


def _read(page: Path, *options: str) -> list[str]:
    with Image.open(page) as image:
        name = image.format or ""
    return [*magick.program("magick"), *options, f"{_FORMATS.get(name, name.lower())}:{page}[0]"]


def _space(page: Path) -> tuple[str, str]:
    with Image.open(page) as image:
        return "-colorspace", "Gray" if image.mode in _GREY else "sRGB"


def _eight_bits(quality: int) -> tuple[str, ...]:
    return "-depth", "8", "-quality", str(quality)
