"""Commands under way and the results the scheduler sends for them; nothing about what a command means."""

import asyncio
import contextlib
from collections.abc import Iterator

from taskmanager.messages import CommandResult


class PendingCommands:
    """The commands of this gateway that wait for their result."""

    def __init__(self) -> None:
        """Nothing waits."""
        self._waiting: dict[str, asyncio.Future[CommandResult]] = {}

    @contextlib.contextmanager
    def wait_for(self, command: str) -> Iterator[asyncio.Future[CommandResult]]:
        """The result to come, while the block runs."""
        result: asyncio.Future[CommandResult] = asyncio.get_running_loop().create_future()
        self._waiting[command] = result
        try:
            yield result
        finally:
            del self._waiting[command]

    def settle(self, result: CommandResult) -> None:
        """Hand a result to who waits for it; a late or repeated one is dropped."""
        waiting = self._waiting.get(result.id)
        if waiting is not None and not waiting.done():
            waiting.set_result(result)
