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
"""Of -1000 to 1000 (proc(5)): a job goes before the runner and the servers beside it."""


def guard_group(socket: int) -> int:
    """Start a tiny process that kills this process group when `socket` is hung up on; return its id.

    It is a process and not a thread because a plugin may hold Python's lock for as long as it likes, and not
    PR_SET_PDEATHSIG because that would kill only the slot and leave the programs it has started. It has a
    group of its own, so that no suspension of the slot's group can reach it, not even for a moment; being in
    the slot's session it still keeps the number of that group from being used again.
    """
    leader, child = os.getpgrp(), os.fork()
    if child:
        return child
    os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it outlives whatever else the group is asked to do
    poll = select.poll()
    poll.register(socket, 0)  # no event wanted: only the hang-up is reported
    os.closerange(0, socket)
    os.closerange(socket + 1, 1024)
    while not poll.poll():
        continue
    kill_group(leader)
    os._exit(0)


def adopt_orphans() -> None:
    """Become the parent of processes whose own parent ends (prctl(2), PR_SET_CHILD_SUBREAPER)."""
    set_option(_PR_SET_CHILD_SUBREAPER, 1)


def set_option(option: int, value: int) -> None:
    """Tell the kernel how to treat this process (prctl(2)); raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def stand_back(nice: int, processors: Sequence[int]) -> None:
    """Have this process and all it starts leave the machine to others, and be the first to go without memory.

    With the nice value the priority of its input and output falls too (ioprio_set(2)).
    """
    os.nice(nice)
    if processors:
        os.sched_setaffinity(0, processors)
    with contextlib.suppress(OSError):  # a container may not have it; then the kernel chooses by size alone
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE), encoding="ascii")


def children(parent: int | str = "self") -> set[int]:
    """Process ids of the children of a process, whichever of its threads started them.

    Empty where the kernel does not tell (CONFIG_PROC_CHILDREN), and for a process that is gone.
    """
    found: set[int] = set()
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for thread in Path(f"/proc/{parent}/task").iterdir():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                found |= {int(pid) for pid in (thread / "children").read_text(encoding="ascii").split()}
    return found


def descendants(ancestor: int) -> set[int]:
    """Everything a process has started, directly or not, as long as it is its parent or adopted it."""
    found: set[int] = set()
    fresh = {ancestor}
    while fresh:
        fresh = {child for parent in fresh for child in children(parent)} - found
        found |= fresh
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
    """SIGKILL to a whole process group and to descendants that left it; nothing happens if it is gone."""
    _signal_strays(leader, signal.SIGKILL)
    _signal_group(leader, signal.SIGKILL)


def terminate_group(leader: int) -> None:
    """SIGTERM to the same; it is for each of them to obey it."""
    _signal_strays(leader, signal.SIGTERM)
    _signal_group(leader, signal.SIGTERM)


def suspend_group(leader: int, guard: int) -> None:
    """SIGSTOP to the same, but not to the guard: it must notice a runner that ends meanwhile."""
    _signal_group(leader, signal.SIGSTOP)
    seen = {guard}
    while fresh := _strays(leader) - seen:  # one that was not stopped yet may have started another
        _signal_each(fresh, signal.SIGSTOP)
        seen |= fresh


def resume_group(leader: int) -> None:
    """SIGCONT to all that `suspend_group` stopped."""
    _signal_strays(leader, signal.SIGCONT)
    _signal_group(leader, signal.SIGCONT)


def die_of(number: int) -> None:
    """End this process by that signal as if it had never been caught."""
    with contextlib.suppress(OSError):  # SIGKILL, which nobody can catch
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _strays(leader: int) -> set[int]:
    """Descendants of a group's leader that are not in its group, without the process that asks."""
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
