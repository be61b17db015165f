"""Validation of pages through the whole system, compared with the bare libraries, taking turns.

The libraries decode every page in as many processes as a job has, and write nothing: tifffile for TIFF,
jpylyzer and OpenJPEG (imagecodecs) for JPEG 2000. A job does the same, and looks for lies in the structure,
writes a report of each page, reads it again, and writes a summary. The first job of a slot, which loads the
libraries, is not measured.
"""

import multiprocessing
import os
import resource
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import median

import imagecodecs
import tifffile
from jpylyzer import jpylyzer
from tests.bench.parts import Bench
from tests.bench.pictures.bare import plain, run_bare
from tests.bench.pictures.drawn import draw_mixed
from tests.bench.report.figures import Figure, at_most, figure
from tests.bench.stage.processes import MEGABYTE, processor_seconds
from tests.bench.stage.system import System, running_system
from tests.bench.stage.usage import Cost, cost_of, family

from taskmanager_plugin_runner.plugins.parallel import default_parallel
from taskmanager_testing.waiting import eventually

LIMIT_SECONDS = 3600


def decode_tiff(page: Path) -> None:
    """Every page of a TIFF."""
    with tifffile.TiffFile(page) as file:
        for one in file.pages:
            one.asarray(maxworkers=1)


def decode_jp2(page: Path) -> None:
    """What jpylyzer says, and every pixel."""
    jpylyzer.checkOneFile(str(page))
    imagecodecs.jpeg2k_decode(page.read_bytes(), numthreads=1)


BARE: Mapping[str, Callable[[Path], None]] = {"tiffvalidation": decode_tiff, "jp2validation": decode_jp2}


def measure(bench: Bench) -> Iterator[Figure]:
    """Measure both plugins."""
    slots = dict.fromkeys(BARE, 1)
    with running_system(bench.servers, bench.folder, slots=slots) as system:
        sources = _sources(system.roots, bench.pages)
        for plugin, pages in sources.items():
            first = pages.with_name(f"{pages.name}-first")
            first.mkdir()
            shutil.copy(min(pages.iterdir()), first)
            _ours(system, plugin, first)
            costs = [(_bare(plugin, pages), _ours(system, plugin, pages)) for _ in range(bench.rounds)]
            yield from _figures(plugin, *map(list, zip(*costs, strict=True)))


def _sources(roots: Path, number: int) -> Mapping[str, Path]:
    """The TIFFs among mixed pages, and lossless JPEG 2000 of all of them."""
    drawn, tiffs, plain_ones, packed = (roots / name for name in ("drawn", "tiffs", "plain", "packed"))
    draw_mixed(drawn, number)
    run_bare([plain], sorted(drawn.iterdir()), plain_ones)
    run_bare([_packed], sorted(plain_ones.iterdir()), packed)
    tiffs.mkdir()
    for page in drawn.glob("*.tif"):
        page.rename(tiffs / page.name)
    return {"tiffvalidation": tiffs, "jp2validation": packed}


def _packed(page: Path, target: Path) -> list[str]:
    return ["opj_compress", "-i", str(page), "-o", f"{target / page.stem}.jp2"]


def _bare(plugin: str, pages: Path) -> Cost:
    others = family(os.getpid())

    def work() -> None:
        with multiprocessing.get_context("fork").Pool(default_parallel()) as pool:
            for _ in pool.imap_unordered(BARE[plugin], sorted(pages.iterdir())):
                pass
            pool.close()
            pool.join()

    empty = pages.with_name("nothing")
    return cost_of(work, used=_ended, members=lambda: family(os.getpid()) - others, results=empty)


def _ended() -> float:
    """Processor seconds of all children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _ours(system: System, plugin: str, pages: Path) -> Cost:
    """One job, from its POST until it is DONE."""
    target = system.roots / "made"
    body = {"plugin": plugin, "source": str(pages), "destination": str(target)}
    wanted = system.done(plugin) + 1

    def run() -> None:
        number = system.ask("POST", "/jobs", body)["id"]
        what = f"the job {plugin} is done"
        eventually(lambda: _is_done(system, plugin, number, wanted), within_seconds=LIMIT_SECONDS, what=what)

    runner = system.services[f"runner-{plugin}"].pid
    used, members = (lambda: processor_seconds(runner)), (lambda: family(runner))
    cost = cost_of(run, used=used, members=members, results=target)
    made = len(list((target / "validation" / pages.name).iterdir()))
    if made != len(list(pages.iterdir())):
        raise RuntimeError(f"{made} reports were made")
    shutil.rmtree(target)
    return cost


def _is_done(system: System, plugin: str, job: str, wanted: int) -> bool:
    """Whether it is DONE; raises RuntimeError if it ended otherwise."""
    if system.done(plugin) >= wanted:
        return True
    if error := (system.database.jobs.find_one({"_id": job}) or {}).get("error"):
        raise RuntimeError(f"the job failed: {error['message']}")
    return False


def _figures(plugin: str, bare: list[Cost], ours: list[Cost]) -> Iterator[Figure]:
    units = {"wall": (1.0, "s"), "processor": (1.0, "s"), "memory": (MEGABYTE, "MB")}
    for at, (part, (divisor, unit)) in enumerate(units.items()):
        tool, system = ([cost[at] / divisor for cost in costs] for costs in (bare, ours))
        yield figure(f"{plugin}_{part}_tool", tool, unit)
        yield figure(f"{plugin}_{part}", system, unit)
        target = at_most(1.05) if part == "processor" else None
        yield figure(f"{plugin}_{part}_ratio", median(system) / median(tool), "x", target)
