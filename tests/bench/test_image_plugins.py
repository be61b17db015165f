"""What the image plugins cost beyond the bare tool: the same images, options and parallelism, in turns.

Compared by processor seconds too, because those say the same on a busy machine.
"""

import os
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import NamedTuple

import pytest
from PIL import Image, ImageDraw

from taskmanager import tools
from taskmanager.testing.plugins import run_plugin
from taskmanager_plugin_runner.plugins import magick
from taskmanager_plugin_runner.plugins.catalogue import read_catalogue
from taskmanager_plugin_runner.plugins.jp2 import Jp2Plugin
from taskmanager_plugin_runner.plugins.jp2.plugin import SHIPPED
from taskmanager_plugin_runner.plugins.jp2.profile import Profile
from taskmanager_plugin_runner.plugins.parallel import default_parallel
from taskmanager_plugin_runner.plugins.shell import ShellPlugin

PAGES = int(os.environ.get("BENCH_PAGES", "24"))
SIZE = (1240, 1754)
ROUNDS = 3


class Cost(NamedTuple):
    """Seconds on the wall and of all processors."""

    wall: float
    processor: float


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A4 pages at 150 dpi, colour, LZW, with the noise of a scan."""
    folder = tmp_path_factory.mktemp("pages")
    paper = Image.effect_noise(SIZE, 20).convert("RGB")
    for number in range(PAGES):
        page = paper.copy()
        ink = ImageDraw.Draw(page)
        for line in range(40):
            ink.text((60, 40 * line), f"{number} Seite, {line} Zeile", fill=(line * 5, 0, 0))
        page.save(folder / f"{number:04d}.tif", compression="tiff_lzw", dpi=(150, 150))
    return folder


def cost(work: Callable[[], object]) -> Cost:
    """What a piece of work takes, its tools included."""
    began, used = time.perf_counter(), _processor()
    work()
    return Cost(time.perf_counter() - began, _processor() - used)


def _processor() -> float:
    usages = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def bare(commands: list[list[str]], folder: Path) -> None:
    """The commands with as many at once as the plugin would run."""
    environment = magick.limits(default_parallel(), str(folder))
    with ThreadPoolExecutor(default_parallel()) as pool:
        list(pool.map(lambda words: tools.run(words, environment=environment), commands))


def compare(
    name: str, alone: Callable[[Path], object], plugin: Callable[[Path], object], folder: Path
) -> str:
    """Both in turns; a sentence with the ratios of their medians."""
    costs: dict[str, list[Cost]] = {"alone": [], "plugin": []}
    for turn in range(ROUNDS):
        for which, work in (("alone", alone), ("plugin", plugin)):
            out = folder / f"{which}-{turn}"
            out.mkdir()
            costs[which].append(cost(lambda work=work, out=out: work(out)))  # type: ignore[misc]
    wall, processor = (
        median(each[index] for each in costs["plugin"]) / median(each[index] for each in costs["alone"])
        for index in (0, 1)
    )
    seconds = median(each.wall for each in costs["plugin"])
    ratios = f"wall {wall:.3f}, processor {processor:.3f}"
    return f"{name}: {PAGES} pages in {seconds:.1f} s; to the bare tool: {ratios}"


@pytest.mark.parametrize("profile", ["lossless", "access-rate10"])
def test_jp2_beside_opj_compress(
    pages: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], profile: str
) -> None:
    options = read_catalogue("jp2", Profile, SHIPPED)[profile].arguments(*SIZE, 1)

    def alone(out: Path) -> None:
        words = [
            ["opj_compress", "-i", str(page), "-o", str(out / f"{page.stem}.jp2"), *options]
            for page in sorted(pages.iterdir())
        ]
        bare(words, tmp_path)

    said = compare(
        f"jp2 {profile}", alone, lambda out: run_plugin(Jp2Plugin(), pages, out, template=profile), tmp_path
    )
    with capsys.disabled():
        sys.stdout.write(f"\n{said}\n")


def test_jpeg_beside_imagemagick(pages: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = "-auto-orient -background white -alpha remove -alpha off -colorspace sRGB -depth 8 -quality 90"

    def alone(out: Path) -> None:
        words = [
            [*magick.program("magick"), f"tiff:{page}[0]", *options.split(), f"jpeg:{out / page.stem}.jpg"]
            for page in sorted(pages.iterdir())
        ]
        bare(words, tmp_path)

    said = compare("shell jpeg", alone, lambda out: run_plugin(ShellPlugin(), pages, out), tmp_path)
    with capsys.disabled():
        sys.stdout.write(f"\n{said}\n")
