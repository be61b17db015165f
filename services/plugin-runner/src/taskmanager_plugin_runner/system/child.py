"""A child process whose end also reveals how much memory it used (wait4(2)). Never blocks the event loop."""

import asyncio
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended.

    `peak_bytes` is the largest resident size of the process, or of any single descendant that was waited for.
    """

    returncode: int
    peak_bytes: int


class ChildProcess:
    """A process that leads its own session."""

    def __init__(
        self, argv: Sequence[str], *, output: int, keep: Sequence[int], cwd: str, env: Mapping[str, str]
    ) -> None:
        """Start it; stdout and stderr go to `output`, `keep` stays open. Raises OSError."""
        self._process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=keep,
            cwd=cwd,
            env=env,
            start_new_session=True,
        )
        self.pid = self._process.pid

    async def wait(self) -> Ended:
        """Wait for its end and reap it; call this only once."""
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        descriptor = os.pidfd_open(self.pid)
        loop.add_reader(descriptor, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)
        _, status, usage = os.wait4(self.pid, 0)  # noqa: ASYNC222 - it has ended: this only reaps it
        self._process.returncode = os.waitstatus_to_exitcode(status)  # nobody else may wait for it
        return Ended(self._process.returncode, usage.ru_maxrss * 1024)
