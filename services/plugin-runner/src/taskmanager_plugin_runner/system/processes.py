"""What a slot asks of the kernel so that no program outlives its job or the runner. Linux only."""

import contextlib
import ctypes
import os
import select
import signal
from collections.abc import Sequence
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
OOM_SCORE = 500
"""From -1000 to 1000 (proc(5)): a job is killed before the runner and other servers on the machine."""


def guard_group(socket: int) -> int:
    """Start a tiny process that kills this process group when `socket` is hung up; returns its id.

    It is a process and not a thread because a plugin may hold Python's lock for any length of time, and not
    PR_SET_PDEATHSIG because that would kill only the slot and leave the programs it started. It has its own
    group, so that suspending the slot's group can never affect it, not even for a moment; being in the slot's
    session, it still keeps the id of that group from being reused.
    """
    leader, child = os.getpgrp(), os.fork()
    if child:
        return child
    os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it outlives whatever else the group is asked to do
    poll = select.poll()
    poll.register(socket, 0)  # no events requested: only the hang-up is reported
    os.closerange(0, socket)
    os.closerange(socket + 1, 1024)
    while not poll.poll():
        continue
    kill_group(leader)
    os._exit(0)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends (prctl(2), PR_SET_CHILD_SUBREAPER)."""
    set_option(_PR_SET_CHILD_SUBREAPER, 1)


def set_option(option: int, value: int) -> None:
    """Set an option of this process (prctl(2)); raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def stand_back(nice: int, processors: Sequence[int]) -> None:
    """Give this process and all it starts a low priority, and make them the first to be killed for memory.

    The nice value also lowers the priority of input and output (ioprio_set(2)).
    """
    os.nice(nice)
    if processors:
        os.sched_setaffinity(0, processors)
    with contextlib.suppress(OSError):  # a container may not allow it; then the kernel chooses by size alone
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE), encoding="ascii")


def processors_of(slot: int, limit: int | None) -> tuple[int, ...]:
    """The processors of one slot: `limit`, different from its neighbours' if possible; empty: all."""
    known = sorted(os.sched_getaffinity(0))
    if limit is None or limit >= len(known):
        return ()
    return tuple(sorted(known[(slot * limit + number) % len(known)] for number in range(limit)))


def children(parent: int | str = "self") -> set[int]:
    """Process ids of the children of a process, whichever of its threads started them.

    Empty if the kernel does not provide them (CONFIG_PROC_CHILDREN), and for a process that is gone.
    """
    found: set[int] = set()
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for thread in os.listdir(f"/proc/{parent}/task"):  # noqa: PTH208 - as cheap as can be, see `_content`
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                found.update(map(int, _content(f"/proc/{parent}/task/{thread}/children").split()))
    return found


def _content(path: str) -> bytes:
    """What is in a file of the kernel; without Python's files, since this is read after every job."""
    descriptor, content = os.open(path, os.O_RDONLY | os.O_CLOEXEC), b""
    try:
        while piece := os.read(descriptor, 65536):
            content += piece
    finally:
        os.close(descriptor)
    return content


def descendants(ancestor: int) -> set[int]:
    """All direct and indirect children of a process, including those it has adopted."""
    found: set[int] = set()
    fresh = {ancestor}
    while fresh:
        fresh = {child for parent in fresh for child in children(parent)} - found
        found |= fresh
    return found


def kill_children(spare: set[int]) -> int:
    """Kill and reap every child except `spare`, including orphans of those killed; returns their number."""
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
    """Send SIGKILL to a process group and to descendants that left it; does nothing if it is gone."""
    _signal_strays(leader, signal.SIGKILL)
    _signal_group(leader, signal.SIGKILL)


def terminate_group(leader: int) -> None:
    """Send SIGTERM to the same processes, which may or may not obey it."""
    _signal_strays(leader, signal.SIGTERM)
    _signal_group(leader, signal.SIGTERM)


def suspend_group(leader: int, guard: int) -> None:
    """Send SIGSTOP to the same, except the guard: it must notice if the runner ends in the meantime."""
    _signal_group(leader, signal.SIGSTOP)
    seen = {guard}
    while fresh := _strays(leader) - seen:  # one not yet stopped may have started another
        _signal_each(fresh, signal.SIGSTOP)
        seen |= fresh


def resume_group(leader: int) -> None:
    """Send SIGCONT to everything that `suspend_group` stopped."""
    _signal_strays(leader, signal.SIGCONT)
    _signal_group(leader, signal.SIGCONT)


def die_of(number: int) -> None:
    """End this process with that signal as if it had no handler."""
    with contextlib.suppress(OSError):  # SIGKILL, which cannot be caught
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _strays(leader: int) -> set[int]:
    """Descendants of a group's leader that are not in its group, except the calling process."""
    found = set()
    for pid in descendants(leader) - {os.getpid()}:
        with contextlib.suppress(ProcessLookupError):
            if os.getpgid(pid) != leader:
                found.add(pid)
    return found


def _signal_strays(leader: int, number: signal.Signals) -> None:
    _signal_each(_strays(leader), number)


def _signal_each(processes: set[int], number: signal.Signals) -> None:
    for pid in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _signal_group(leader: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, number)
