"""Keeps a runner's slot processes alive and gives each one attempt, or bunch of them, after another.

The first ones are there from the start, one for each slot. With the others, one more for each, the next input
is brought and results are placed while a plugin works. They are started when that is wanted for the first
time, and end when it has not been for a while.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import timedelta

from taskmanager.errors import JobKilledError, TaskManagerError
from taskmanager.process.logs import get_logger
from taskmanager.process.retry import Backoff
from taskmanager_plugin_runner.at_work.bunch import Bunch
from taskmanager_plugin_runner.attempt.attempt import Attempt
from taskmanager_plugin_runner.messaging.claims import Claims
from taskmanager_plugin_runner.metrics import SLOT_DEATHS, SLOTS
from taskmanager_plugin_runner.slot.process import SlotProcess

LONGEST_RESTART_SECONDS = 10.0
IDLE_LIMIT = timedelta(minutes=1)
"""A process beyond one for each slot ends after this time without a job."""

Work = Attempt | Bunch

log = get_logger(__name__)


class SlotKeeper:
    """The slot processes of one runner."""

    def __init__(
        self,
        processes: Sequence[SlotProcess],
        always: int,
        plugin: str,
        run: Callable[[Work], Awaitable[None]],
    ) -> None:
        """The first `always` processes always run; `plugin` is the metrics label; `run` does the work."""
        self._processes, self._always, self._plugin, self._run = processes, always, plugin, run
        self._offers: dict[int, asyncio.Future[Work]] = {}
        self._more = asyncio.Event()

    def __getitem__(self, number: int) -> SlotProcess:
        """The process with that number."""
        return self._processes[number]

    @property
    def dead(self) -> int:
        """How many of those that always run do not."""
        return sum(not process.alive for process in self._processes[: self._always])

    def tend(self, claims: Claims) -> list[Coroutine[None, None, None]]:
        """What runs until it is cancelled, one for each process."""
        return [self._tend(process, claims) for process in self._processes]

    def want(self, *, more: bool) -> None:
        """Whether there is more to do than the processes that run can do."""
        (self._more.set if more else self._more.clear)()

    def give(self, number: int, work: Work) -> None:
        """Let a process that `can_take` a job do this."""
        self._offers[number].set_result(work)

    def can_take(self, number: int) -> bool:
        """False if the process has just died."""
        return not self._offers[number].done()

    async def stop(self, limit: timedelta) -> None:
        """End all processes, each within the limit."""
        for process in self._processes:
            await process.stop(limit)

    async def _tend(self, process: SlotProcess, claims: Claims) -> None:
        """Keep one process alive and give it one attempt after another."""
        backoff = Backoff("slot", longest_wait_seconds=LONGEST_RESTART_SECONDS)
        extra = process.number >= self._always
        while True:
            if extra and not process.alive:
                await self._more.wait()
            try:
                await self._start(process)
                work = await self._next(process, claims, IDLE_LIMIT if extra else None)
            except (TaskManagerError, OSError) as error:
                self._count()
                await backoff.wait(str(error))
                continue
            backoff.reset()
            if work is None:
                await self._retire(process)
            else:
                await self._run(work)

    async def _start(self, process: SlotProcess) -> None:
        if not process.alive:
            self._count()
            await process.start()
            self._count()

    async def _retire(self, process: SlotProcess) -> None:
        log.info("slot_retired", slot=process.number)
        process.when_ended(lambda _: None)
        self._more.clear()
        await process.stop()
        self._count()

    async def _next(self, process: SlotProcess, claims: Claims, limit: timedelta | None) -> Work | None:
        """Offer the process and wait for a job; None if there is none within the limit.

        Raises JobKilledError if the process ends instead.
        """
        waiting: asyncio.Future[Work] = asyncio.get_running_loop().create_future()
        self._offers[process.number] = waiting
        process.when_ended(lambda error: _fail(waiting, error))
        claims.free(process.number)
        try:
            if limit is not None:
                await asyncio.wait({waiting}, timeout=limit.total_seconds())
                if not waiting.done():
                    claims.withdraw(process.number)
                    return None
            return await waiting
        except JobKilledError:
            SLOT_DEATHS.labels(self._plugin).inc()
            claims.withdraw(process.number)
            raise

    def _count(self) -> None:
        SLOTS.labels(self._plugin).set(self._always - self.dead)


def _fail(waiting: asyncio.Future[Work], error: JobKilledError) -> None:
    if not waiting.done():
        waiting.set_exception(error)
