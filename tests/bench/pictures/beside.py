"""Plugins beside the bare tools that do the same to the same pages: processor seconds and memory, by turns.

Both run in a process of their own without a system, which adds a millisecond or two to a job (`end_to_end`),
as many pages at once on both sides. A plugin checks what it made, the bare tool does not: the ratio is what
checking, reading and reporting cost. The first page, with which a slot loads its libraries, does not count.
Memory is that of all processes of a side at its peak. `jp2`, `shell`, `tiffvalidation` and `jp2validation`
are measured through the whole system (`images`, `validation`). For `altoconvert` and `epub` there is no bare
tool that does the same.
"""

import multiprocessing
import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import img2pdf
from PIL import Image
from tests.bench.parts import Bench
from tests.bench.pictures.bare import reduced
from tests.bench.pictures.drawn import draw_pages
from tests.bench.report.figures import Figure, Target, at_most, figure
from tests.bench.stage.processes import MEGABYTE
from tests.bench.stage.usage import Cost, cost_of, family

from taskmanager.plugin_api.interface import load
from taskmanager_plugin_runner.plugins.catalogue import TEMPLATES_VARIABLE
from taskmanager_plugin_runner.plugins.parallel import default_parallel
from taskmanager_testing.plugins import run_plugin

Work = Callable[[Path, Path], None]
"""What is done with a folder of pages; results go to the other folder."""
OWN = "bench"
"""A template for one JPEG, which is what the bare tool makes."""
_TEMPLATE = """
title = "One JPEG"
[[derivatives]]
format = "jpeg"
longest_side = 1600
quality = 85
"""
_GOAL = 1.05
_FILM_SECONDS = 20


@dataclass(frozen=True)
class Beside:
    """One plugin and its bare tool. `note` says what the tool is."""

    plugin: str
    template: str
    tool: Work
    note: str
    target: Target | None = None


def _each(command: Callable[[Path, Path], list[str]], environment: dict[str, str] | None = None) -> Work:
    """A program for each page, as many at once as a job has."""

    def work(pages: Path, target: Path) -> None:
        def one(page: Path) -> None:
            subprocess.run(command(page, target), check=True, capture_output=True, env=environment)

        with ThreadPoolExecutor(default_parallel()) as pool:
            list(pool.map(one, sorted(pages.iterdir())))

    return work


def _tesseract(page: Path, target: Path) -> list[str]:
    return ["tesseract", str(page), str(target / page.stem), "-l", "deu", "alto", "txt"]


def _pictures_as_pdf(pages: Path, target: Path) -> None:
    files = [str(page) for page in sorted(pages.iterdir())]
    with (target / "book.pdf").open("wb") as book:
        img2pdf.convert(*files, outputstream=book)


def _sums(pages: Path, target: Path) -> None:
    """Made and confirmed, which is what the plugin promises."""
    names = [page.name for page in sorted(pages.iterdir())]
    with (target / "list").open("wb") as made:
        subprocess.run(["sha512sum", "--binary", "--", *names], cwd=pages, stdout=made, check=True)  # noqa: S607
    subprocess.run(
        ["sha512sum", "--check", "--quiet", str(target / "list")],  # noqa: S607
        cwd=pages,
        check=True,
    )


def _flac(page: Path, target: Path) -> list[str]:
    return ["ffmpeg", "-loglevel", "error", "-i", str(page), "-y", str(target / f"{page.stem}.flac")]


CASES: Sequence[Beside] = (
    Beside("checksums", "list", _sums, "sha512sum, and sha512sum --check", at_most(_GOAL)),
    Beside("images", OWN, _each(reduced(1600)), "ImageMagick, one JPEG of 1600 pixels", at_most(_GOAL)),
    Beside("pdf", "book", _pictures_as_pdf, "img2pdf"),
    Beside(
        "ocr",
        "standard",
        _each(_tesseract, {**os.environ, "OMP_THREAD_LIMIT": "1"}),
        "tesseract, ALTO and text",
        at_most(_GOAL),
    ),
    Beside("media", "flac", _each(_flac), "ffmpeg, FLAC"),
)


def measure(bench: Bench) -> Iterator[Figure]:
    """The figures of each plugin."""
    bench.folder.mkdir(parents=True, exist_ok=True)
    own = bench.folder / "templates" / "images" / f"{OWN}.toml"
    own.parent.mkdir(parents=True)
    own.write_text(_TEMPLATE, encoding="utf-8")
    os.environ[TEMPLATES_VARIABLE] = str(own.parents[1])
    sources = _sources(bench.folder, bench.pages)
    for case in CASES:
        source = sources.get(case.plugin, sources["pages"])
        first = _first(source)
        works = (case.tool, _plugin(case))
        costs = [[_further(work, source, first, bench.folder) for work in works] for _ in range(bench.rounds)]
        yield from _figures(case, *map(list, zip(*costs, strict=True)))


def _sources(folder: Path, number: int) -> dict[str, Path]:
    """Pages as TIFF; the same as JPEG, which img2pdf takes as they are; sounds."""
    pages = draw_pages(folder / "pages", number)
    jpegs, sounds = folder / "jpegs", folder / "sounds"
    jpegs.mkdir()
    for page in pages.iterdir():
        with Image.open(page) as image:
            image.save(jpegs / f"{page.stem}.jpg", quality=90, dpi=(150, 150))
    sounds.mkdir()
    for tone in range(4):
        sound = str(sounds / f"{tone}.wav")
        made = f"anoisesrc=d={_FILM_SECONDS}:seed={tone}"
        subprocess.run(["ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", made, sound], check=True)  # noqa: S607
    return {"pages": pages, "pdf": jpegs, "media": sounds}


def _plugin(case: Beside) -> Work:
    def work(pages: Path, target: Path) -> None:
        run_plugin(load(case.plugin), pages, target, template=case.template)

    return work


def _first(source: Path) -> Path:
    """A folder with one of the files."""
    folder = source.with_name(f"{source.name}-first")
    if not folder.exists():
        folder.mkdir()
        shutil.copy(min(source.iterdir()), folder)
    return folder


def _further(work: Work, source: Path, first: Path, folder: Path) -> Cost:
    """The cost of all files without what the first one costs, with which a slot loads its libraries."""
    once, whole = _cost(work, first, folder), _cost(work, source, folder)
    return whole._replace(processor=whole.processor - once.processor)


def _cost(work: Work, pages: Path, folder: Path) -> Cost:
    """In a process of its own, whose start is not counted."""
    target = folder / "made"
    target.mkdir()
    others = family(os.getpid())

    def run() -> None:
        child = multiprocessing.get_context("fork").Process(target=work, args=(pages, target))
        child.start()
        child.join()
        if child.exitcode != 0:
            raise RuntimeError(f"it ended with {child.exitcode}")

    cost = cost_of(run, used=_ended, members=lambda: family(os.getpid()) - others, results=target)
    if not any(target.rglob("*.*")) and not any(target.iterdir()):
        raise RuntimeError("nothing was made")
    shutil.rmtree(target)
    return cost


def _ended() -> float:
    """Processor seconds of all children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _figures(case: Beside, bare: list[Cost], ours: list[Cost]) -> Iterator[Figure]:
    units = {"processor": (1.0, "s"), "memory": (MEGABYTE, "MB")}
    for at, (part, (divisor, unit)) in enumerate(units.items(), start=1):
        tool, plugin = ([cost[at] / divisor for cost in costs] for costs in (bare, ours))
        yield figure(f"{case.plugin}_{part}_tool", tool, unit, note=case.note)
        yield figure(f"{case.plugin}_{part}", plugin, unit)
        target = case.target if part == "processor" else None
        yield figure(f"{case.plugin}_{part}_ratio", median(plugin) / median(tool), "x", target, case.note)
