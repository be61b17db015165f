"""Jobs over a throttled share: with the next input brought and results placed beside the work, and without.

One slot, one runner after the other, from the first POST until the last job is DONE. Of one page each, so
that nothing overlaps within a job, and of several: of the plugin `jp2`, and of one that only waits, for `jp2`
shows less the busier the machine is with other things. Processor seconds: the runner's, with its slots.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench.parts import Bench
from tests.bench.pictures.drawn import draw_pages
from tests.bench.pictures.share import missing, mounted
from tests.bench.report.figures import Figure, Target, at_least, at_most, figure
from tests.bench.stage.processes import processor_seconds
from tests.bench.stage.system import System, running_system

from taskmanager_testing.waiting import eventually

MEMORY = Path("/dev/shm")
LIMIT_SECONDS = 600
WARM = 4
"""Jobs before anything is measured: they load the libraries and show how long jobs take."""


@dataclass(frozen=True)
class Case:
    """Jobs of one kind."""

    name: str
    plugin: str
    template: str
    parameters: dict[str, Any]
    pages_per_job: int
    gain: Target | None = None


WAITS = {"page_seconds": 0.5}
CASES = (
    Case("press", "press", "print", WAITS, 1, at_least(1.3)),
    Case("jp2", "jp2", "access-rate10", {}, 1, at_least(1.3)),
    Case("press_book", "press", "print", WAITS, 4),
)


@dataclass(frozen=True)
class Result:
    """One run."""

    pages_per_second: float
    processor_per_page: float


def measure(bench: Bench) -> Iterator[Figure]:
    """Measure the ratio of the medians; nothing where such a share cannot be made."""
    if (reason := missing()) is not None:
        yield figure("ahead_not_measured", 0, "", note=reason)
        return
    bench.folder.mkdir(parents=True, exist_ok=True)
    backing = MEMORY if MEMORY.is_dir() else bench.folder
    with (
        TemporaryDirectory(dir=backing) as files,
        running_system(bench.servers, bench.folder) as system,
        mounted(Path(files), system.roots / "share") as share,
    ):
        draw_pages(Path(files) / "pages", bench.pages)
        for case in CASES:
            _divide(Path(files), case, bench.pages)
            yield from _figures(case, *_in_turns(system, case, share, bench))


def _divide(files: Path, case: Case, pages: int) -> None:
    """A source folder for each job, with links to its pages."""
    for number, page in enumerate(sorted((files / "pages").iterdir())[:pages]):
        source = files / "sources" / case.name / f"{number // case.pages_per_job:04d}"
        source.mkdir(parents=True, exist_ok=True)
        (source / page.name).write_bytes(page.read_bytes())


def _in_turns(system: System, case: Case, share: Path, bench: Bench) -> tuple[list[Result], list[Result]]:
    without, beside = list[Result](), list[Result]()
    for turn in range(bench.rounds):
        for ahead, results in ((0, without), (1, beside)):
            results.append(_run(system, case, share, bench.pages, f"{turn}-{ahead}", ahead))
    return without, beside


def _run(system: System, case: Case, share: Path, pages: int, name: str, ahead: int) -> Result:
    """A runner of its own, which is warm before it is measured."""
    runner = system.start_runner(
        case.plugin, 1, TASKMANAGER_FETCH_AHEAD=str(ahead), TASKMANAGER_UPLOAD_MODE="copy"
    )
    try:
        system.wait_until_ready()
        sources = sorted((share / "sources" / case.name).iterdir())
        _all_done(system, case, sources[:WARM], share / f"warm-{case.name}-{name}")
        began, used = time.perf_counter(), processor_seconds(runner.pid)
        _all_done(system, case, sources, share / f"made-{case.name}-{name}")
        seconds, spent = time.perf_counter() - began, processor_seconds(runner.pid) - used
    finally:
        runner.stop()
        del system.services[runner.name]
    return Result(pages / seconds, spent / pages)


def _all_done(system: System, case: Case, sources: list[Path], target: Path) -> None:
    wanted = system.done(case.plugin) + len(sources)
    target.mkdir()
    job = {"plugin": case.plugin, "template": case.template, "parameters": case.parameters}
    bodies = [{**job, "source": str(one), "destination": str(target / one.name)} for one in sources]
    system.ask("POST", "/jobs/batch", {"jobs": bodies})
    eventually(lambda: system.done(case.plugin) >= wanted, within_seconds=LIMIT_SECONDS, what="all are done")


def _figures(case: Case, without: list[Result], beside: list[Result]) -> Iterator[Figure]:
    note = f"{case.pages_per_job} pages a job" if case.pages_per_job > 1 else "one page a job"
    for name, results in (("one_after_the_other", without), ("at_the_same_time", beside)):
        pages = [one.pages_per_second for one in results]
        spent = [one.processor_per_page for one in results]
        yield figure(f"ahead_{case.name}_{name}", pages, "pages/s", note=note)
        yield figure(f"ahead_{case.name}_{name}_processor", spent, "s/page", note=note)
    rates = [median(one.pages_per_second for one in results) for results in (without, beside)]
    costs = [median(one.processor_per_page for one in results) for results in (without, beside)]
    yield figure(f"ahead_{case.name}_gain", rates[1] / rates[0], "x", case.gain, note)
    yield figure(f"ahead_{case.name}_processor_ratio", costs[1] / costs[0], "x", at_most(1.1), note)
