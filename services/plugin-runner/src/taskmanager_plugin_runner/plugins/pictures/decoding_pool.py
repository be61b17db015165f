"""Child processes that decode and convert: a picture that crashes a library ends its job and nothing else.

A pool belongs to one job. Its processes are forked from the slot, which has loaded the libraries by then, and
stay in its process group: stopping the job stops them. Each handles one call at a time, within an address
space limit.
"""

import contextlib
import ctypes
import gc
import multiprocessing
import os
import queue
import resource
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection
from multiprocessing.context import ForkContext, ForkProcess
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar, cast

from taskmanager.errors import JobFailedError, TaskManagerError, ToolFailedError
from taskmanager.model.reasons.coded_text import told
from taskmanager.model.reasons.job_texts import picture_texts
from taskmanager_plugin_runner.system.memory import size_words

ResultT = TypeVar("ResultT")

_LOOK_SECONDS: Final = 0.2
"""The longest delay before a request to stop is noticed."""
_STDERR: Final = 2
_FORKING: Final = threading.Lock()


@dataclass(frozen=True, slots=True)
class _Failure:
    """What a call raised: a message for the operator, or a defect with its traceback."""

    message: str
    defect: str | None = None
    out_of_memory: bool = False


class DecodingPool:
    """A fixed number of processes; further calls wait for one to be free. Threads may call concurrently."""

    def __init__(self, processes: int, memory_bytes: int, check: Callable[[], None]) -> None:
        """`memory_bytes` is for all pictures in progress together.

        `check` is called when a process ends before it answers: it raises if the job is to end.
        """
        self._memory = _Budget(memory_bytes)
        self._check = check
        self._idle: queue.SimpleQueue[_Hand] = queue.SimpleQueue()
        self._hands: list[_Hand] = []
        self._wanted = processes
        self._memory_bytes = memory_bytes

    def __enter__(self) -> Self:
        """Fork the processes now, while no thread of the job holds a lock."""
        for _ in range(self._wanted):
            hand = _Hand(self._memory_bytes)
            self._hands.append(hand)
            self._idle.put(hand)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the processes, immediately if the job has failed."""
        for hand in self._hands:
            hand.end(at_once=error is not None)

    @contextlib.contextmanager
    def room(self, needed: int) -> Iterator[None]:
        """Wait until the pictures in progress leave `needed` bytes of memory free."""
        with self._memory.taken(needed):
            yield

    def call(self, function: Callable[..., ResultT], *arguments: object, time_limit: timedelta) -> ResultT:
        """Return what `function(*arguments)` returns in one of the processes; both must be picklable.

        Raises the JobFailedError that it raised, or ToolFailedError for a crash, a defect, too much memory or
        a call that took longer than `time_limit`.
        """
        hand = self._idle.get()
        try:
            answer = hand.ask(function, arguments, time_limit)
        except EOFError as error:
            self._check()
            raise ToolFailedError(hand.obituary()) from error
        finally:
            if hand.broken:
                hand = self._replace(hand)
            self._idle.put(hand)
        if isinstance(answer, _Failure):
            raise self._error(answer)
        return cast("ResultT", answer)

    def _replace(self, hand: "_Hand") -> "_Hand":
        self._hands.remove(hand)
        hand.end(at_once=True)
        fresh = _Hand(self._memory_bytes)
        self._hands.append(fresh)
        return fresh

    def _error(self, failure: _Failure) -> TaskManagerError:
        if failure.out_of_memory:
            limit = size_words(self._memory_bytes)
            return ToolFailedError(picture_texts.MORE_MEMORY_THAN_SHOWN(limit=limit))
        if failure.defect:
            return ToolFailedError(f"{failure.message}\n{failure.defect}")
        return JobFailedError(failure.message)


class _Budget:
    """Bytes shared by several threads; one that needs more than the total gets all of them."""

    def __init__(self, total: int) -> None:
        self._total = self._free = total
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def taken(self, needed: int) -> Iterator[None]:
        needed = min(needed, self._total)
        with self._changed:
            self._changed.wait_for(lambda: self._free >= needed)
            self._free -= needed
        try:
            yield
        finally:
            with self._changed:
                self._free += needed
                self._changed.notify_all()


class _Hand:
    """One process and the pipe to it."""

    def __init__(self, memory_bytes: int) -> None:
        self.broken = False
        context: ForkContext = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe()
        self._pipe: Connection = ours
        self._process: ForkProcess = context.Process(
            target=_serve, args=(theirs, memory_bytes), name="pictures", daemon=True
        )
        with _FORKING, warnings.catch_warnings():
            # Python warns about threads since 3.12; the child uses none of their locks
            warnings.simplefilter("ignore", DeprecationWarning)
            self._process.start()
        theirs.close()

    def ask(self, function: Callable[..., object], arguments: tuple[object, ...], limit: timedelta) -> object:
        """The answer; raises EOFError if the process ended first, ToolFailedError if it took too long."""
        end = time.monotonic() + limit.total_seconds()
        try:
            self._pipe.send((function, arguments))
            while not self._pipe.poll(_LOOK_SECONDS):
                if time.monotonic() > end:
                    self.broken = True
                    self._process.kill()
                    raise ToolFailedError(picture_texts.TOOK_TOO_LONG(limit=limit))
            return self._pipe.recv()
        except OSError as error:  # the process at the other end is gone
            self.broken = True
            raise EOFError from error
        except EOFError:
            self.broken = True
            raise

    def obituary(self) -> str:
        """How the process ended, for the error message."""
        self._process.join()
        code = self._process.exitcode
        if code is not None and code < 0:
            return picture_texts.READER_CRASHED(signal=signal.Signals(-code).name)
        return picture_texts.READER_ENDED(code=code)

    def end(self, *, at_once: bool) -> None:
        """Let it end, or kill it; returns when it is gone."""
        self._pipe.close()
        if at_once:
            self._process.kill()
        self._process.join()


def _serve(pipe: Connection, memory_bytes: int) -> None:
    """In the child: answer calls until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _close_all_but(pipe.fileno())
    _limit_address_space(memory_bytes)
    _libraries_for_one_processor()
    gc.freeze()  # what the slot has created is never garbage here: scanning it takes 20 ms each time
    while True:
        try:
            function, arguments = pipe.recv()
        except EOFError:
            break
        pipe.send(_answer(function, arguments))
        gc.collect()
    sys.stdout.flush()
    os._exit(0)


def _answer(function: Callable[..., object], arguments: tuple[object, ...]) -> object:
    try:
        return function(*arguments)
    except TaskManagerError as error:
        return _Failure(told(error))
    except MemoryError:
        return _Failure("", out_of_memory=True)
    except Exception as error:  # noqa: BLE001 - whatever a library raises must reach the job as its error
        return _Failure(f"{type(error).__name__}: {error}", defect=traceback.format_exc())


def _close_all_but(kept: int) -> None:
    """Close the slot's line to the runner and the pipes of other children."""
    for entry in list(Path("/proc/self/fd").iterdir()):
        number = int(entry.name)
        if number > _STDERR and number != kept:
            with contextlib.suppress(OSError):
                os.close(number)


def _limit_address_space(memory_bytes: int) -> None:
    used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = used + memory_bytes + 512 * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (limit if hard < 0 else min(limit, hard), hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _libraries_for_one_processor() -> None:
    """One thread for each of several concurrent pictures: faster than sharing all processors, and smaller."""
    os.environ["VIPS_CONCURRENCY"] = "1"
    import pyvips  # noqa: PLC0415 - libvips begins in the child, with the settings of the child

    pyvips.cache_set_max(0)
    pyvips.voperation.vips_lib.vips_concurrency_set(1)
    ctypes.CDLL(None).malloc_trim(0)
