"""Commands in progress and the results the scheduler sends; knows nothing about what a command means."""

import asyncio
import contextlib
from collections.abc import Iterator

from taskmanager.messages import CommandResult


class PendingCommands:
    """This gateway's commands that wait for their result."""

    def __init__(self) -> None:
        """Start with nothing waiting."""
        self._waiting: dict[str, asyncio.Future[CommandResult]] = {}

    @contextlib.contextmanager
    def wait_for(self, command: str) -> Iterator[asyncio.Future[CommandResult]]:
        """A future for the command's result, valid while the block runs."""
        result: asyncio.Future[CommandResult] = asyncio.get_running_loop().create_future()
        self._waiting[command] = result
        try:
            yield result
        finally:
            del self._waiting[command]

    def settle(self, result: CommandResult) -> None:
        """Hand a result to the one waiting for it; a late or repeated result is dropped."""
        waiting = self._waiting.get(result.id)
        if waiting is not None and not waiting.done():
            waiting.set_result(result)
