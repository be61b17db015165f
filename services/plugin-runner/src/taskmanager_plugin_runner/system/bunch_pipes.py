"""The two pipes beside a slot's socket that make a bunch of jobs cheap, and safe to take back.

Permits: one byte for each job of a bunch. The slot takes one before it begins a job, and the runner takes
away those that are left; the kernel gives each byte to one of them. Reports: what the slot writes stays there
even if it dies, and nobody is woken by it.
"""

import contextlib
import fcntl
import os
import struct
import termios


class BunchPipes:
    """The runner's ends. `for_slot` are the slot's: where it takes permits, and where it reports."""

    def __init__(self) -> None:
        """Open both pipes."""
        self._taking, self._giving = os.pipe()
        self.reports, writing = os.pipe()
        os.set_blocking(self._taking, False)
        os.set_blocking(self.reports, False)
        self.for_slot = (self._taking, writing)
        self._writing: int | None = writing
        self._rest = b""

    def close_writing(self) -> None:
        """Close our copy of the end at which the slot reports."""
        if self._writing is not None:
            os.close(self._writing)
            self._writing = None

    def permit(self, jobs: int) -> None:
        """Permit so many jobs."""
        os.write(self._giving, bytes(jobs))

    def withdraw(self, most: int) -> int:
        """Take away permits that are left; returns their number."""
        with contextlib.suppress(BlockingIOError):
            return len(os.read(self._taking, most))
        return 0

    def read(self) -> list[bytes]:
        """The complete lines that the slot had written by now."""
        self._rest += os.read(self.reports, unread) if (unread := _unread(self.reports)) else b""
        *lines, self._rest = self._rest.split(b"\n")
        return lines

    def close(self) -> None:
        """Close all that is still open here."""
        self.close_writing()
        for descriptor in (self._taking, self._giving, self.reports):
            os.close(descriptor)


class SlotPipes:
    """The slot's ends; nothing that a plugin starts inherits them."""

    def __init__(self, permits: int, reports: int) -> None:
        """Take over both, and note where the slot's output goes, before a plugin can change that."""
        self._permits, self._reports = permits, reports
        self._output = os.dup(1)
        for descriptor in (permits, reports):
            os.set_inheritable(descriptor, False)  # noqa: FBT003 - the standard library's signature

    def take_permit(self) -> bool:
        """Whether one more job may begin."""
        with contextlib.suppress(BlockingIOError):
            return bool(os.read(self._permits, 1))
        return False

    def report(self, line: bytes) -> None:
        """Write a line; waits if the runner has left too much unread."""
        while line:
            line = line[os.write(self._reports, line) :]

    @property
    def printed(self) -> bool:
        """Whether there is output that the runner has not read."""
        return bool(_unread(self._output))


def _unread(descriptor: int) -> int:
    """How many bytes wait in a pipe, at either end of which `descriptor` is."""
    (number,) = struct.unpack("i", fcntl.ioctl(descriptor, termios.FIONREAD, b"\0" * 4))
    return int(number)
