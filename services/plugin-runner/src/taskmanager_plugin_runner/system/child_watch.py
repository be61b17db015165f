"""Whether a process has children left: asked after every job of a slot, so as cheap as can be."""

import contextlib
import os
from collections.abc import Collection, Sequence

_NO_THREADS = 2
"""The number of links of `/proc/<pid>/task` apart from its threads."""


class ChildWatch:
    """Reads the lists of children of threads that live as long as the process, while it has no others.

    A child of a thread that has ended is listed as that of another thread, so no child is missed.
    """

    def __init__(self, threads: Sequence[int], spare: Collection[int]) -> None:
        """`threads` are all that live as long as the process; `spare` are children that may be there."""
        self._spare, self._links = set(spare), _NO_THREADS + len(threads)
        self._folder: int | None = None
        self._lists: list[int] = []
        with contextlib.suppress(FileNotFoundError):  # a kernel without these lists (CONFIG_PROC_CHILDREN)
            self._lists = [_open(f"/proc/self/task/{thread}/children") for thread in threads]
            self._folder = _open("/proc/self/task")

    def nothing_left(self) -> bool:
        """Whether there is certainly no child but the spared ones; False as well if this cannot tell."""
        if self._folder is None:
            return False
        try:
            if os.fstat(self._folder).st_nlink != self._links:
                return False
            return self._read() <= self._spare
        except OSError:  # a plugin has closed what is not its own
            return False

    def _read(self) -> set[int]:
        return {int(child) for one in self._lists for child in os.pread(one, 4096, 0).split()}


def _open(path: str) -> int:
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
