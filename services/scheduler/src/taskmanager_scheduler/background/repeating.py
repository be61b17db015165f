"""Work that is done again and again beside the inbox, and must never stop it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from taskmanager.errors import TemporaryError
from taskmanager.process.lifecycle import pause
from taskmanager.process.logs import get_logger
from taskmanager.process.retry import Backoff
from taskmanager_scheduler.background.duty import Duty

log = get_logger(__name__)

Work = Callable[[], Awaitable[bool]]
"""Returns whether there is more to be done at once."""


async def repeat(work: Work, of: str, duty: Duty, interval: timedelta, stop: asyncio.Event) -> None:
    """Work until `stop` while this scheduler is on duty, with a pause of `interval` when nothing is left.

    What fails is tried again later, and logged as `<of>_failed` if it is a defect: jobs must go on, whatever
    is wrong with the reports to Goobi or with notifications. Raises nothing.
    """
    backoff, defect = Backoff(of), f"{of}_failed"
    while not stop.is_set():
        try:
            more = duty.on and await work()
        except TemporaryError as error:
            await backoff.wait(str(error), stop)
            continue
        except Exception as error:
            log.exception(defect)
            await backoff.wait(f"a defect of the scheduler: {error}", stop)
            continue
        backoff.reset()
        if not more:
            await pause(stop, interval)
