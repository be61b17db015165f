"""A job's log as pages, as text and as a live stream, always read from the store."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

from taskmanager.errors import StoreUnavailableError
from taskmanager.model.access import Principal
from taskmanager.model.registry import LogBlock
from taskmanager.ports.readers import JobReader
from taskmanager_gateway.codes import problems
from taskmanager_gateway.http.deadlines import from_store
from taskmanager_gateway.http.problems import INVALID_CURSOR, ProblemError
from taskmanager_gateway.jobs.finder import JobFinder
from taskmanager_gateway.jobs.views import LogView
from taskmanager_gateway.live.hub import LiveEvent, Watchers

SAFETY_POLL = timedelta(seconds=10)
"""The longest that a lost notification can delay a live log."""
PAGE = 100
_POSITION = re.compile(r"\d{1,9}\.\d{1,9}")

LogPosition = tuple[int, int]
"""Attempt and number of a log block."""


def parse_position(text: str | None) -> LogPosition:
    """Parse `attempt.number`, as issued before; raises ProblemError."""
    if text is None:
        return (0, 0)
    if not _POSITION.fullmatch(text) or not text.isascii():
        raise ProblemError(INVALID_CURSOR, problems.NO_POSITION(position=text[:80]))
    attempt, _, number = text.partition(".")
    return int(attempt), int(number)


def write_position(position: LogPosition) -> str:
    """The text that `parse_position` reads."""
    return f"{position[0]}.{position[1]}"


class JobLogs:
    """Reads the log of a job."""

    def __init__(
        self, reader: JobReader, finder: JobFinder, watchers: Watchers, stopping: asyncio.Event
    ) -> None:
        """`stopping` ends live streams."""
        self._reader = reader
        self._finder = finder
        self._watchers = watchers
        self._stopping = stopping

    async def page(self, job: str, who: Principal, after: LogPosition, limit: int) -> LogView:
        """The blocks after a position; raises ProblemError for an unknown job, StoreUnavailableError."""
        await self._finder.find(job, who)
        blocks = await self._blocks(job, after, limit + 1)
        shown = blocks[:limit]
        last = write_position(_end(shown, after))
        return LogView(job=job, blocks=list(shown), after=last, more=len(blocks) > limit)

    async def text(self, job: str, who: Principal) -> AsyncIterator[str]:
        """The whole log as readable lines; the first page is read before this returns."""
        await self._finder.find(job, who)
        return self._lines(job, await self._blocks(job, (0, 0), PAGE))

    async def stream(self, job: str, who: Principal, after: LogPosition) -> AsyncIterator[LiveEvent]:
        """Blocks as they are written, until the job is final; raises ProblemError for an unknown job."""
        await self._finder.find(job, who)
        return self._follow(job, who, after)

    async def _lines(self, job: str, blocks: Sequence[LogBlock]) -> AsyncIterator[str]:
        while blocks:
            yield "".join(map(_block_text, blocks))
            blocks = await self._blocks(job, _end(blocks, (0, 0)), PAGE)

    async def _follow(self, job: str, who: Principal, after: LogPosition) -> AsyncIterator[LiveEvent]:
        with self._watchers.watch(job) as news:
            while not self._stopping.is_set():
                news.clear()
                try:
                    final = (
                        await self._finder.find(job, who)
                    ).status.final  # read before the log: a final job writes no more of it
                    async for block in self._after(job, after):
                        after = (block.attempt, block.seq)
                        yield LiveEvent("log", block.model_dump_json())
                except StoreUnavailableError:
                    final = False  # what is missing is read after the next notification or poll
                if final:
                    yield LiveEvent("end", "{}")
                    return
                await _news(news)

    async def _after(self, job: str, after: LogPosition) -> AsyncIterator[LogBlock]:
        while blocks := await self._blocks(job, after, PAGE):
            for block in blocks:
                yield block
            after = _end(blocks, after)

    async def _blocks(self, job: str, after: LogPosition, limit: int) -> Sequence[LogBlock]:
        return await from_store(self._reader.log(job, after=after, limit=limit))


def _end(blocks: Sequence[LogBlock], start: LogPosition) -> LogPosition:
    return (blocks[-1].attempt, blocks[-1].seq) if blocks else start


def _block_text(block: LogBlock) -> str:
    return "".join(
        f"{line.at.isoformat(timespec='milliseconds')} {line.level.upper():7} {line.text}\n"
        for line in block.lines
    )


async def _news(news: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(SAFETY_POLL.total_seconds()):
            await news.wait()
    except TimeoutError:
        return
