"""Undoes and removes what an attempt left, in a new process of its slot if need be."""

import asyncio
from datetime import timedelta

from taskmanager.errors import JobKilledError, PermanentError, TemporaryError
from taskmanager.messages import Grant
from taskmanager.model.reasons.coded_text import told
from taskmanager.process.logs import get_logger
from taskmanager_plugin_runner.slot.process import SlotProcess
from taskmanager_plugin_runner.slot_protocol import SlotStep

CLEAN_LIMIT = timedelta(minutes=2)
"""A file server that does not respond must not block a slot forever."""
CLEAN_TRIES = 3
"""What killed the job, such as a lack of memory, may also kill the process that restores its folders."""

log = get_logger(__name__)


async def tidy(slot: SlotProcess, grant: Grant, *, killed: asyncio.Event) -> str | None:
    """Restore the folders of the attempt; returns the problem, if any.

    `killed` is set once the slot's process is being killed: then a new one does it.
    """
    try:
        async with asyncio.timeout(CLEAN_LIMIT.total_seconds()):
            problem = await _clean_again(slot, grant, killed)
    except (TimeoutError, TemporaryError, PermanentError) as error:
        slot.kill()
        problem = told(error) or "the file system did not answer in time"
    if problem is not None:
        log.error("clean_up_failed", job=grant.job, attempt=grant.attempt, problem=problem)
    return problem


async def _clean_again(slot: SlotProcess, grant: Grant, killed: asyncio.Event) -> str | None:
    for number in range(1, CLEAN_TRIES):
        try:
            return await _clean(slot, grant, killed)
        except JobKilledError as error:
            log.warning("clean_up_killed", job=grant.job, tries=number, error=str(error))
    return await _clean(slot, grant, killed)


async def _clean(slot: SlotProcess, grant: Grant, killed: asyncio.Event) -> str | None:
    if killed.is_set():
        await slot.stop()
    if not slot.alive:
        await slot.start()
    answer = await slot.ask(SlotStep.CLEAN, grant)
    return answer.failure.text if answer.failure is not None else None
