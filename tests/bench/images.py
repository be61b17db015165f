"""Real work: a job of page images to JPEG 2000 through the whole system, beside the bare tool.

The same images, options and parallelism, in turns. Compared by processor seconds too, because those say the
same on a busy machine.
"""

import resource
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import NamedTuple

from PIL import Image, ImageDraw
from tests.bench.figures import Figure, at_most, figure
from tests.bench.parts import Bench
from tests.bench.processes import processor_seconds
from tests.bench.system import System, running_system

from taskmanager import tools
from taskmanager.testing.waiting import eventually
from taskmanager_plugin_runner.plugins.catalogue import read_catalogue
from taskmanager_plugin_runner.plugins.jp2.plugin import SHIPPED
from taskmanager_plugin_runner.plugins.jp2.profile import Profile
from taskmanager_plugin_runner.plugins.parallel import default_parallel

SIZE = (1240, 1754)
"""A4 at 150 dpi: small for a scan, so what the system adds weighs more than in real life."""
PROFILE = "access-rate10"
LIMIT_SECONDS = 280


class Cost(NamedTuple):
    """Seconds on the wall and of all processors."""

    wall: float
    processor: float


def measure(bench: Bench) -> Iterator[Figure]:
    """The ratio of the medians."""
    with running_system(bench.servers, bench.folder, slots={"jp2": 1}) as system:
        source = draw_pages(system.roots / "pages", bench.pages)
        bare, ours = list[Cost](), list[Cost]()
        for turn in range(bench.rounds):
            bare.append(_bare(source, system.roots / f"bare-{turn}"))
            ours.append(_ours(system, source, system.roots / f"ours-{turn}", bench.pages))
    yield figure("images_bare_tool", [cost.wall for cost in bare], "s", note=f"{bench.pages} pages")
    yield figure("images", [cost.wall for cost in ours], "s", note=f"{bench.pages} pages")
    ratios = [median(c[part] for c in ours) / median(c[part] for c in bare) for part in (0, 1)]
    yield figure("images_vs_bare_tool", ratios[0], "x", at_most(1.05), f"profile {PROFILE}")
    yield figure("images_processor_vs_bare_tool", ratios[1], "x")


def draw_pages(folder: Path, number: int) -> Path:
    """Colour, LZW, with the noise of a scan."""
    folder.mkdir()
    paper = Image.effect_noise(SIZE, 20).convert("RGB")
    for page_number in range(number):
        page = paper.copy()
        ink = ImageDraw.Draw(page)
        for line in range(40):
            ink.text((60, 40 * line), f"{page_number} Seite, {line} Zeile", fill=(line * 5, 0, 0))
        page.save(folder / f"{page_number:04d}.tif", compression="tiff_lzw", dpi=(150, 150))
    return folder


def _bare(source: Path, target: Path) -> Cost:
    """The tool for each page, as many at once as a job runs."""
    target.mkdir()
    options = read_catalogue("jp2", Profile.model_validate, SHIPPED)[PROFILE].arguments(*SIZE, 1)

    def compress(page: Path) -> None:
        tools.run(["opj_compress", "-i", str(page), "-o", str(target / f"{page.stem}.jp2"), *options])

    with ThreadPoolExecutor(default_parallel()) as pool:
        return _cost(lambda: list(pool.map(compress, sorted(source.iterdir()))), _children)


def _ours(system: System, source: Path, target: Path, pages: int) -> Cost:
    """One job, from its POST until it is DONE."""
    body = {"plugin": "jp2", "template": PROFILE, "source": str(source), "destination": str(target)}
    wanted = system.done("jp2") + 1

    def run() -> None:
        job = system.ask("POST", "/jobs", body)["id"]
        eventually(lambda: _ended(system, job, wanted), within_seconds=LIMIT_SECONDS, what="the job is done")

    runner = system.services["runner-jp2"]
    cost = _cost(run, lambda: processor_seconds(runner.pid))
    if (made := len(list(target.glob("*.jp2")))) != pages:
        raise RuntimeError(f"{made} of {pages} pages were made")
    return cost


def _ended(system: System, job: str, wanted: int) -> bool:
    """Whether it is DONE; raises RuntimeError if it ended in another way."""
    if system.done("jp2") >= wanted:
        return True
    if error := (system.database.jobs.find_one({"_id": job}) or {}).get("error"):
        raise RuntimeError(f"the job failed: {error['message']}")
    return False


def _cost(work: Callable[[], object], used: Callable[[], float]) -> Cost:
    began, before = time.perf_counter(), used()
    work()
    return Cost(time.perf_counter() - began, used() - before)


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
