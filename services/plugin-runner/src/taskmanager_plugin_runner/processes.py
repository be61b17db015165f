"""What a slot asks of the kernel so that no program a plugin started can outlive the job or the runner. Linux only."""

import contextlib
import ctypes
import os
import select
import signal
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36


def guard_group(socket: int) -> int:
    """Start a tiny process that kills this process group when the other end of `socket` is closed; return its id.

    It is a process and not a thread because a plugin may hold Python's lock for as long as it likes, and not
    PR_SET_PDEATHSIG because that would kill only the slot and leave the programs it has started.
    """
    child = os.fork()
    if child:
        return child
    poll = select.poll()
    poll.register(socket, 0)  # no event wanted: only the hang-up is reported
    os.closerange(0, socket)
    os.closerange(socket + 1, 1024)
    while not poll.poll():
        continue
    os.killpg(0, signal.SIGKILL)
    os._exit(0)


def adopt_orphans() -> None:
    """Become the parent of processes whose own parent ends (prctl(2), PR_SET_CHILD_SUBREAPER)."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def children() -> set[int]:
    """Process ids of the children of this process, whichever thread started them; empty where the kernel does not tell."""
    found: set[int] = set()
    for thread in Path("/proc/self/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found |= {int(pid) for pid in (thread / "children").read_text(encoding="ascii").split()}
    return found


def kill_children(spare: set[int]) -> int:
    """Kill and reap every child but `spare`, their own orphans too; return how many there were."""
    killed = 0
    while remaining := children() - spare:
        for pid in remaining:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
            killed += 1
    return killed


def kill_group(leader: int) -> None:
    """SIGKILL to a whole process group; nothing happens if it is gone."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)
