"""Does work in child processes that may hang or crash without affecting the others. Knows no images."""

import os
import resource
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from queue import SimpleQueue
from typing import Any, Final, Self

_CONTEXT: Final = get_context("spawn")
_END_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class Lost:
    """The child did not answer: it hung (and was killed), crashed, or failed."""

    why: str


@dataclass(slots=True)
class _Hand:
    """One child and the connection to it."""

    process: BaseProcess
    line: Connection
    greeted: bool = False

    def greet(self) -> None:
        """Wait until the child has started, which is no part of a task."""
        if not self.greeted:
            self.line.recv()
            self.greeted = True


class Crew:
    """Children that each do one task at a time; a lost one is replaced.

    `work` is a function of a module and takes one argument. It may take `seconds`; a child may use
    `memory_bytes` of address space.
    """

    def __init__(
        self, work: Callable[[Any], Any], *, hands: int, seconds: float, memory_bytes: int | None = None
    ) -> None:
        self._work, self._seconds, self._memory = work, seconds, memory_bytes
        self._count = hands
        self._idle: SimpleQueue[_Hand] = SimpleQueue()

    def __enter__(self) -> Self:
        for _ in range(self._count):
            self._idle.put(self._hire())
        return self

    def __exit__(self, *reason: object) -> None:
        for _ in range(self._count):
            self._dismiss(self._idle.get())

    def do(self, tasks: Iterable[Any]) -> Iterator[Any]:
        """The answers in the order of the tasks; Lost for one that never arrived."""
        with ThreadPoolExecutor(self._count) as pool:
            yield from pool.map(self._one, tasks)

    def _one(self, task: Any) -> Any:
        hand = self._idle.get()
        try:
            hand.greet()
            hand.line.send(task)
            if not hand.line.poll(self._seconds):
                self._dismiss(hand)
                hand = self._hire()
                return Lost(f"no answer within {self._seconds:g} seconds")
            return hand.line.recv()
        except (EOFError, OSError):
            hand.process.join(_END_SECONDS)
            code = hand.process.exitcode
            self._dismiss(hand)
            hand = self._hire()
            return Lost(f"its process ended with {code}")
        finally:
            self._idle.put(hand)

    def _hire(self) -> _Hand:
        near, far = _CONTEXT.Pipe()
        process = _CONTEXT.Process(target=_serve, args=(far, self._work, self._memory))
        process.start()
        far.close()
        return _Hand(process, near)

    @staticmethod
    def _dismiss(hand: _Hand) -> None:
        hand.line.close()
        with suppress(ValueError):
            hand.process.kill()
            hand.process.join()


def _serve(line: Connection, work: Callable[[Any], Any], memory_bytes: int | None) -> None:
    """Answer until there are no more tasks."""
    if memory_bytes is not None:
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.environ["OMP_NUM_THREADS"] = "1"
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what decoders print about broken files
    with suppress(EOFError, OSError):
        line.send("ready")
        while True:
            line.send(_answer(work, line.recv()))


def _answer(work: Callable[[Any], Any], task: Any) -> Any:
    try:
        return work(task)
    except Exception as error:  # noqa: BLE001 - the one who asked must hear of it
        return Lost(f"{type(error).__name__}: {error}")
