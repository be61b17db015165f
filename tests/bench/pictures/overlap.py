"""A book over a throttled share: with input and results transferred during the work, and without.

One slot, from the order to bring the input until the results are in place, in turns: of the plugin `jp2`, and
of one that waits as long, for `jp2` shows less the busier the machine is with other things.
"""

import asyncio
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from pydantic import JsonValue
from tests.bench.parts import Bench
from tests.bench.pictures.drawn import draw_pages
from tests.bench.pictures.share import missing, mounted
from tests.bench.report.figures import Figure, at_least, figure

from taskmanager.messages import Grant
from taskmanager.model.jobs import JobSpec
from taskmanager_plugin_runner.slot.process import SlotProcess
from taskmanager_plugin_runner.slot_protocol import SlotOptions, SlotStep

PLUGINS = Path(__file__).parents[2] / "plugins"
MEMORY = Path("/dev/shm")
PROFILE = "access-rate10"
COPY_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Work:
    """The work done for each page."""

    plugin: str
    template: str
    parameters: dict[str, JsonValue]
    note: str


COMPRESSION = Work("jp2", PROFILE, {}, f"profile {PROFILE}; on a busy machine the work hides the transfer")
WAITING = Work(
    "press", "print", {"page_seconds": 0.25}, "a plugin that waits as long as jp2 takes when alone"
)


def measure(bench: Bench) -> Iterator[Figure]:
    """Measure the ratio of the medians; nothing where such a share cannot be made."""
    if (reason := missing()) is not None:
        yield figure("overlap_not_measured", 0, "", note=reason)
        return
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(PLUGINS), os.environ.get("PYTHONPATH"))))
    bench.folder.mkdir(parents=True, exist_ok=True)
    backing = MEMORY if MEMORY.is_dir() else bench.folder
    with TemporaryDirectory(dir=backing) as files, mounted(Path(files), bench.folder / "share") as share:
        source = draw_pages(Path(files) / "pages", bench.pages)
        size = sum(page.stat().st_size for page in source.iterdir())
        yield figure("share_reads", size / 1e6 / _seconds_to_read(share / "pages"), "MB/s")
        note = f"{bench.pages} pages, {size / 1e6:.0f} MB"
        for work in (WAITING, COMPRESSION):
            after, meanwhile = _in_turns(work, share, bench)
            yield figure(f"overlap_{work.plugin}_one_after_the_other", after, "s", note=note)
            yield figure(f"overlap_{work.plugin}_at_the_same_time", meanwhile, "s", note=note)
            gain = median(after) / median(meanwhile)
            yield figure(f"overlap_{work.plugin}_gain", gain, "x", at_least(1.3), work.note)


def _in_turns(work: Work, share: Path, bench: Bench) -> tuple[list[float], list[float]]:
    """Seconds of the runs without and with an overlap."""
    folder = str(bench.folder / "work")
    options = SlotOptions(work.plugin, folder, str(share), "copy", os.getpid())
    after, meanwhile = list[float](), list[float]()
    for turn in range(bench.rounds):
        for ahead_bytes, seconds in ((0, after), (options.ahead_bytes, meanwhile)):
            target = share / f"{work.plugin}-{turn}-{ahead_bytes}"
            made = replace(options, ahead_bytes=ahead_bytes)
            seconds.append(asyncio.run(_job(made, work, share / "pages", target)))
            if (results := len(list(target.iterdir()))) != bench.pages:
                raise RuntimeError(f"{results} of {bench.pages} pages were made")
    return after, meanwhile


def _seconds_to_read(folder: Path) -> float:
    began = time.perf_counter()
    for page in folder.iterdir():
        with page.open("rb") as file:
            while file.read(COPY_BYTES):
                pass
    return time.perf_counter() - began


async def _job(options: SlotOptions, work: Work, source: Path, destination: Path) -> float:
    """Seconds from the first order to the last response."""
    spec = JobSpec(
        plugin=work.plugin,
        template=work.template,
        parameters=work.parameters,
        source=str(source),
        destination=str(destination),
    )
    grant = Grant(claim_id="claim", job="overlap", attempt=1, lease_seconds=60, spec=spec)
    slot = SlotProcess(0, options)
    Path(options.folder).mkdir(exist_ok=True)
    _forget_cached(source)
    await slot.start()
    try:
        began, brought = time.perf_counter(), Path()
        for step in (SlotStep.STAGE_IN, SlotStep.RUN, SlotStep.STAGE_OUT):
            answer = await slot.ask(step, grant, brought)
            if answer.failure is not None:
                raise RuntimeError(f"{step} failed: {answer.failure.message}")
            brought = Path(answer.source) if answer.source else brought
        seconds = time.perf_counter() - began
        await slot.ask(SlotStep.CLEAN, grant)
    finally:
        await slot.stop()
    return seconds


def _forget_cached(folder: Path) -> None:
    """Drop cached data, so that the next reader has to ask the server again."""
    for page in folder.iterdir():
        with page.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
