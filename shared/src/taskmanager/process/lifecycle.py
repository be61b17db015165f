"""How a process runs its background parts and stops: the same pattern for all of them.

A part is a coroutine function `run(stop)` that returns soon after `stop` is set. If one part fails, the
process ends with an error rather than limping on; its supervisor starts it again.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from taskmanager.process.logs import get_logger

Part = Callable[[asyncio.Event], Awaitable[None]]

log = get_logger(__name__)


def stop_on_signals(stop: asyncio.Event) -> None:
    """Set `stop` on SIGTERM and SIGINT."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _asked_to_stop, stop, number.name)


def _asked_to_stop(stop: asyncio.Event, name: str) -> None:
    log.info("stopping", signal=name)
    stop.set()


async def run_parts(parts: Sequence[Part], stop: asyncio.Event) -> None:
    """Run the parts until all have returned; the first failure stops the others and is raised."""
    async with asyncio.TaskGroup() as group:
        for part in parts:
            group.create_task(_run_part(part, stop), name=getattr(part, "__qualname__", repr(part)))


async def _run_part(part: Part, stop: asyncio.Event) -> None:
    try:
        await part(stop)
    finally:
        stop.set()


async def pause(stop: asyncio.Event, duration: timedelta) -> bool:
    """Wait; True if `stop` was set meanwhile."""
    try:
        async with asyncio.timeout(duration.total_seconds()):
            await stop.wait()
    except TimeoutError:
        return False
    return True


async def until_the_end(
    interval: timedelta, work: Callable[[], Awaitable[object]], stop: asyncio.Event
) -> None:
    """Call `work` after each `interval`, and once more when `stop` is set, so that nothing is left undone."""
    while not await pause(stop, interval):
        await work()
    await work()


async def every(interval: timedelta, work: Callable[[], Awaitable[object]], stop: asyncio.Event) -> None:
    """Call `work` repeatedly, with `interval` between the calls, until `stop` is set."""
    while not stop.is_set():
        await work()
        await pause(stop, interval)
