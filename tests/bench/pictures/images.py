"""Real work: image jobs through the whole system, compared with the bare tools, taking turns.

The pages are drawn, or those of the folder that TASKMANAGER_BENCH_PAGES names. Derivatives are made from
them as they are, beside ImageMagick with the options the templates had when they called it; JPEG 2000 from
uncompressed TIFFs of the same pages, all that opj_compress reads, beside it with the options of the profile.
As many pages at once on both sides.

Ratios are ours by the tool's. A job is from its POST until it is DONE; its processor seconds and its memory
are those of the runner, its slots and all they start, everything they check of a result included. The first
job of a slot, which loads the libraries, is not measured.
"""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from PIL import Image
from tests.bench.parts import Bench
from tests.bench.pictures.bare import Command, compressed, full_size, plain, reduced, run_bare, thumbnail
from tests.bench.pictures.drawn import draw_mixed
from tests.bench.report.figures import Figure, Target, at_most, figure
from tests.bench.stage.processes import MEGABYTE, processor_seconds
from tests.bench.stage.system import System, running_system
from tests.bench.stage.usage import Cost, cost_of, family

from taskmanager_plugin_runner.plugins.pictures.formats import SUFFIXES
from taskmanager_testing.waiting import eventually

FOLDER_SETTING = "TASKMANAGER_BENCH_PAGES"
LIMIT_SECONDS = 3600
LOADING = {"shell": "thumbnail", "jp2": "lossless"}
"""What the first job of a slot makes."""
Image.MAX_IMAGE_PIXELS = None


@dataclass(frozen=True)
class Case:
    """A template compared with tools, and the targets of the ratios."""

    plugin: str
    template: str
    commands: Sequence[Command]
    processor: Target | None = None
    bytes: Target | None = None
    memory: Target | None = None
    note: str = ""

    @property
    def name(self) -> str:
        """The name in the figures."""
        return f"images_{self.template.replace('-', '_')}"


def _derivative(template: str, commands: Sequence[Command], times_as_fast: float, note: str = "") -> Case:
    return Case("shell", template, commands, at_most(1 / times_as_fast), at_most(1.1), at_most(0.5), note)


THREE_READS = "beside three runs of the tool for each page"
CASES = (
    _derivative("jpeg", [full_size], 3),
    _derivative("jpeg-small", [reduced(1600)], 5),
    _derivative("thumbnail", [thumbnail(240)], 3),
    _derivative("media-and-thumbnails", [full_size, thumbnail(400), thumbnail(800)], 3, THREE_READS),
    Case("jp2", "lossless", [compressed("lossless")], at_most(1.05), note="proof included"),
    Case("jp2", "access-rate10", [compressed("access-rate10")]),
    Case("jp2", "access-rate10-fast", [compressed("access-rate10-fast")]),
    Case(
        "jp2",
        "lossless-ht",
        [compressed("lossless")],
        at_most(1 / 3.5),
        note="beside opj_compress with the profile lossless",
    ),
)


def measure(bench: Bench) -> Iterator[Figure]:
    """Measure each case with its costs and ratios, then the quick profile against the one it replaces."""
    with running_system(bench.servers, bench.folder, slots={"shell": 1, "jp2": 1}) as system:
        sources = _sources(system.roots, bench.pages)
        yield from _described(sources["shell"])
        for plugin, pages in sources.items():
            loading = Case(plugin, LOADING[plugin], [])
            _ours(system, _first(pages), loading, system.roots / f"first-{plugin}")
        ours = dict[str, float]()
        for case in CASES:
            costs = _in_turns(system, case, sources[case.plugin], bench.rounds)
            yield from _figures(case, *costs)
            ours[case.template] = median(cost.processor for cost in costs[1])
    quick = ours["access-rate10-fast"] / ours["access-rate10"]
    yield figure("images_access_rate10_fast_vs_access_rate10_processor", quick, "x", at_most(1 / 1.8))


def _sources(roots: Path, number: int) -> Mapping[str, Path]:
    """The folder of pages for each plugin."""
    pages = roots / "pages"
    if folder := os.environ.get(FOLDER_SETTING):
        _copy_pages(Path(folder), pages, number)
    else:
        draw_mixed(pages, number)
    run_bare([plain], sorted(pages.iterdir()), roots / "plain")
    return {"shell": pages, "jp2": roots / "plain"}


def _copy_pages(folder: Path, target: Path, number: int) -> None:
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)[:number]
    if not found:
        raise RuntimeError(f"{folder}, which {FOLDER_SETTING} names, has no page images")
    target.mkdir()
    for path in found:
        shutil.copy(path, target)


def _described(pages: Path) -> Iterator[Figure]:
    files = list(pages.iterdir())
    origin = os.environ.get(FOLDER_SETTING, "drawn")
    yield figure("images_pages", len(files), "pages", note=origin)
    yield figure("images_megapixels", sum(map(_pixels, files)) / 1e6, "megapixels")
    yield figure("images_load", os.getloadavg()[0], "", note="of the machine in the minute before")


def _pixels(page: Path) -> int:
    with Image.open(page) as image:
        return image.width * image.height


def _first(pages: Path) -> Path:
    """A folder with only the last page, for the first job."""
    folder = pages.with_name(f"{pages.name}-first")
    folder.mkdir()
    shutil.copy(max(pages.iterdir()), folder)
    return folder


def _in_turns(system: System, case: Case, source: Path, rounds: int) -> tuple[list[Cost], list[Cost]]:
    bare, ours = list[Cost](), list[Cost]()
    pages, target = sorted(source.iterdir()), system.roots / "made"
    for _ in range(rounds):
        bare.append(run_bare(case.commands, pages, target))
        shutil.rmtree(target)
        ours.append(_ours(system, source, case, target))
        shutil.rmtree(target)
    return bare, ours


def _ours(system: System, source: Path, case: Case, target: Path) -> Cost:
    """One job, from its POST until it is DONE."""
    job = {"plugin": case.plugin, "template": case.template}
    body = {**job, "source": str(source), "destination": str(target)}
    wanted = system.done(case.plugin) + 1

    def run() -> None:
        number = system.ask("POST", "/jobs", body)["id"]
        what = f"the job {case.template} is done"
        eventually(
            lambda: _ended(system, case.plugin, number, wanted), within_seconds=LIMIT_SECONDS, what=what
        )

    runner = system.services[f"runner-{case.plugin}"].pid
    used, members = (lambda: processor_seconds(runner)), (lambda: family(runner))
    cost = cost_of(run, used=used, members=members, results=target)
    stems, made = {page.stem for page in source.iterdir()}, {path.stem for path in target.rglob("*.j*")}
    if stems != made:
        raise RuntimeError(f"{len(made)} of {len(stems)} pages were made")
    return cost


def _ended(system: System, plugin: str, job: str, wanted: int) -> bool:
    """Whether it is DONE; raises RuntimeError if it ended otherwise."""
    if system.done(plugin) >= wanted:
        return True
    if error := (system.database.jobs.find_one({"_id": job}) or {}).get("error"):
        raise RuntimeError(f"the job failed: {error['message']}")
    return False


def _figures(case: Case, bare: Sequence[Cost], ours: Sequence[Cost]) -> Iterator[Figure]:
    targets = {"processor": case.processor, "memory": case.memory, "bytes": case.bytes}
    units = {"wall": (1.0, "s"), "processor": (1.0, "s"), "memory": (MEGABYTE, "MB"), "bytes": (1e6, "MB")}
    for at, (part, (divisor, unit)) in enumerate(units.items()):
        tool, system = ([cost[at] / divisor for cost in costs] for costs in (bare, ours))
        yield figure(f"{case.name}_{part}_tool", tool, unit)
        yield figure(f"{case.name}_{part}", system, unit)
        ratio = median(system) / median(tool)
        yield figure(f"{case.name}_{part}_ratio", ratio, "x", targets.get(part), case.note)
