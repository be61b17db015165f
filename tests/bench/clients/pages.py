"""The plugin page with a million jobs: its size, when it becomes usable, what fifty viewers cost.

Chromium opens it cold (nothing kept) and warm (styles and scripts kept). Then jobs run and fifty viewers
follow them: each hears the live stream and asks once a digest for what Chromium's page asked for.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, Page, Request
from tests.bench.parts import Bench
from tests.bench.report.figures import Figure, figure
from tests.bench.stage.load import Connection, get
from tests.bench.stage.processes import MEGABYTE, memory_of, processor_seconds
from tests.bench.stage.seeding import gateway_alone, seed
from tests.bench.stage.system import System
from tests.browser.chromium import Visitor, running_chromium

from taskmanager.model.states import Tab
from taskmanager_local.commands import LOOPBACK

PLUGIN = "noop"
SLOTS = 2
VIEWERS = 50
LOOK_SECONDS = 10
FOLLOW_SECONDS = 20
STREAM = "/ui/live"
PAINTED = "() => performance.getEntriesByName('first-contentful-paint').length > 0"
USABLE = """() => Math.max(
    performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd,
    performance.getEntriesByName('first-contentful-paint')[0].startTime)"""
"""Milliseconds until something is visible and every script that the page waits for has run."""


def measure(bench: Bench) -> Iterator[Figure]:
    """Seed, measure with scheduler and runner down, then start them and follow the page."""
    with gateway_alone(bench.servers, bench.folder, PLUGIN) as system:
        seed(system, PLUGIN, stored=bench.stored, queued=bench.queued)
        yield from asyncio.run(_looked_at(system, bench.rounds))
        system.start("scheduler", "taskmanager-scheduler")
        system.start_runner(PLUGIN, SLOTS)
        system.wait_until_ready()
        yield from asyncio.run(_followed(system))


def _path(tab: Tab) -> str:
    return f"/plugins/{PLUGIN}?tab={tab}"


def _address(system: System) -> str:
    return f"http://{LOOPBACK}:{system.port}"


# --- weight and time ------------------------------------------------------------------------------------


@dataclass
class Weight:
    """What came over the wire for one page."""

    requests: int = 0
    wire_bytes: int = 0
    plain_bytes: int = 0

    def received(self, event: dict[str, Any]) -> None:
        """Count a piece of a response, as reported by the DevTools protocol."""
        self.plain_bytes += event["dataLength"]

    def finished(self, event: dict[str, Any]) -> None:
        """Count a complete response, including its headers."""
        self.requests += 1
        self.wire_bytes += int(event["encodedDataLength"])


async def _looked_at(system: System, rounds: int) -> list[Figure]:
    figures: list[Figure] = []
    async with running_chromium() as browser:
        for tab in Tab:
            seen = [await _cold_and_warm(browser, system, tab) for _ in range(rounds)]
            for number, kind in enumerate(("cold", "warm")):
                name = f"page_{tab}_{kind}"
                weight = seen[-1][number][0]
                figures += [
                    figure(f"{name}_usable", [one[number][1] for one in seen], "ms"),
                    figure(
                        f"{name}_wire", weight.wire_bytes / 1000, "kB", note=f"{weight.requests} requests"
                    ),
                    figure(f"{name}_plain", weight.plain_bytes / 1000, "kB"),
                ]
    return figures


async def _cold_and_warm(browser: Browser, system: System, tab: Tab) -> list[tuple[Weight, float]]:
    context = await Visitor().context(browser, _address(system))
    seen = [await _opened(context, _path(tab)) for _ in range(2)]
    await context.close()
    return seen


async def _opened(context: BrowserContext, path: str) -> tuple[Weight, float]:
    """Open the page in its own tab, as by a click on a link from elsewhere."""
    page, weight = await context.new_page(), Weight()
    debugger = await context.new_cdp_session(page)
    debugger.on("Network.dataReceived", weight.received)
    debugger.on("Network.loadingFinished", weight.finished)
    await debugger.send("Network.enable")
    answer = await page.goto(path)
    if answer is None or not answer.ok:
        raise RuntimeError(f"{path} is answered with {answer.status if answer else 'nothing'}")
    await page.wait_for_function(PAINTED)
    usable = float(await page.evaluate(USABLE))
    await page.close()
    return weight, usable


# --- viewers --------------------------------------------------------------------------------------------


async def _followed(system: System) -> list[Figure]:
    pid = system.services["gateway"].pid
    before = memory_of([pid]).resident_bytes
    async with running_chromium() as browser:
        asked = await _asked_for(browser, system)
    alone = memory_of([pid]).resident_bytes
    async with _viewers(system, sorted(asked)) as viewers:
        began, used = time.monotonic(), processor_seconds(pid)
        await asyncio.sleep(FOLLOW_SECONDS)
        share = 100 * (processor_seconds(pid) - used) / (time.monotonic() - began)
        crowded = memory_of([pid]).resident_bytes
    digests = sum(viewer.digests for viewer in viewers) / VIEWERS / FOLLOW_SECONDS
    questions = sum(viewer.answers for viewer in viewers) / FOLLOW_SECONDS
    return [
        figure("memory_gateway_before_viewers", before / MEGABYTE, "MB", note="after the pages above"),
        figure(
            "memory_gateway_one_viewer", alone / MEGABYTE, "MB", note=f"asks for {', '.join(sorted(asked))}"
        ),
        figure("memory_gateway_viewers", crowded / MEGABYTE, "MB", note=f"{VIEWERS} viewers while jobs run"),
        figure("processor_gateway_viewers", share, "% of one processor"),
        figure("digests_viewer", digests, "1/s"),
        figure("fragments_viewers", questions, "1/s", note="all viewers together"),
    ]


async def _asked_for(browser: Browser, system: System) -> set[str]:
    """The fragments an open page requests while jobs run; of several for one path, the last."""
    context = await Visitor().context(browser, _address(system))
    page, last = await context.new_page(), dict[str, str]()
    await page.goto(_path(Tab.QUEUE))
    _note_fragments(page, last)
    await asyncio.sleep(LOOK_SECONDS)
    await context.close()
    return set(last.values())


def _note_fragments(page: Page, last: dict[str, str]) -> None:
    def note(request: Request) -> None:
        address = urlsplit(request.url)
        if request.method == "GET" and address.path != STREAM and address.path.startswith("/ui/"):
            last[address.path] = f"{address.path}?{address.query}"

    page.on("request", note)


@dataclass
class Viewer:
    """An open page without a browser around it."""

    port: int
    fragments: list[str]
    digests: int = 0
    answers: int = 0
    _asking: Connection | None = field(default=None, init=False)

    async def follow(self) -> None:
        """Follow the page until cancelled."""
        self._asking = await Connection.connect(self.port)
        reader, writer = await asyncio.open_connection(LOOPBACK, self.port)
        try:
            writer.write(get(f"{STREAM}?plugin={PLUGIN}"))
            while line := await reader.readline():
                if line.startswith(b"event: digest"):
                    self.digests += 1
                    await self._read_again(self._asking)
        finally:
            writer.close()
            self._asking.close()

    async def _read_again(self, connection: Connection) -> None:
        for path in self.fragments:
            await connection.ask(get(path))
            self.answers += 1


@asynccontextmanager
async def _viewers(system: System, fragments: list[str]) -> AsyncIterator[list[Viewer]]:
    viewers = [Viewer(system.port, fragments) for _ in range(VIEWERS)]
    tasks = [asyncio.create_task(viewer.follow()) for viewer in viewers]
    try:
        yield viewers
        ended = sum(task.done() for task in tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if ended:
        raise RuntimeError(f"{ended} of {VIEWERS} viewers lost their stream")
