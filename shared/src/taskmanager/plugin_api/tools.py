"""Runs an external program for a job, and reports clearly how it failed. Knows no job, no slot and no plugin.

The program stays in the caller's process group: stopping the group also stops its tools. Safe to call from
several threads at once.
"""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO, Literal

from taskmanager.errors import ToolFailedError, ToolStoppedError
from taskmanager.model.reasons.coded_text import TextCode
from taskmanager.model.reasons.job_texts import tool_texts

STDOUT_LIMIT_BYTES = 16 * 1024 * 1024
"""More than this on stdout is an error: output of that size should not be held in memory."""

STDERR_LIMIT_BYTES = 64 * 1024
"""How much of stderr is kept, from the end: a damaged image can make a tool warn endlessly."""

MESSAGE_LINES = 20
LINES_TOLD = 500
"""How many lines of each stream of a program are passed on while it runs."""

LINE_BYTES = 4_000
"""How much of a longer line is passed on, from its start."""

ENVIRONMENT_ALLOWED = frozenset({"PATH", "HOME", "TMPDIR", "TZ", "SOURCE_DATE_EPOCH"})
"""What a tool sees of our environment: the rest holds addresses and secrets of the services."""

Stream = Literal["stdout", "stderr"]

_SLICE_SECONDS = 1.0
_STOP_SLICE_SECONDS = 0.1
"""The longest delay before a request to stop is noticed."""
_CHUNK_BYTES = 65536


@dataclass(frozen=True, slots=True)
class ToolResult:
    """The output of a program that succeeded; only the end of a long `stderr` is kept (`stderr_cut`)."""

    stdout: str
    stderr: str
    stderr_cut: bool = False


def run(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    time_limit: timedelta | None = None,
    stopping: Callable[[], bool] | None = None,
    on_line: Callable[[Stream, str], None] | None = None,
) -> ToolResult:
    """Run a program without a shell and wait for it; stdin is empty, the environment minimal and English.

    `environment` is added to what the tool sees. `time_limit` does not include time during which the process
    group was suspended. Once `stopping()` is true, the program gets SIGTERM, only its own end is awaited, and
    ToolStoppedError is raised. `on_line` gets each line as the program writes it, in this thread; empty lines
    are left out, long lines and floods of lines are cut. Raises ToolFailedError with the program's name, its
    exit code or signal and the end of its stderr, also if the program does not exist or exceeded the time
    limit.
    """
    words = [str(word) for word in argv]
    with _start(words, cwd, _environment(environment)) as process:
        streams = _Streams(process, stopping, on_line)
        try:
            timely = streams.read(time_limit)
        finally:
            _end(process)
    if streams.stopped:
        raise ToolStoppedError(tool_texts.STOPPED(program=Path(words[0]).name))
    if not timely:
        raise ToolFailedError(_told(words[0], streams, tool_texts.TIME_LIMIT, limit=time_limit))
    if streams.overflowed:
        raise ToolFailedError(_told(words[0], streams, tool_texts.TOO_MUCH_OUTPUT, limit=STDOUT_LIMIT_BYTES))
    if process.returncode != 0:
        raise ToolFailedError(_ending(words[0], streams, process.returncode))
    stdout, stderr = (text.decode(errors="replace") for text in (streams.stdout, streams.stderr))
    return ToolResult(stdout, stderr, streams.stderr_cut)


def _start(words: list[str], cwd: Path | None, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            words,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except FileNotFoundError as error:
        if cwd is not None and not cwd.is_dir():
            raise ToolFailedError(tool_texts.NO_FOLDER(program=words[0], path=cwd)) from error
        raise ToolFailedError(tool_texts.NOT_FOUND(program=words[0])) from error
    except (OSError, ValueError) as error:
        raise ToolFailedError(tool_texts.NOT_STARTED(program=words[0], error=error)) from error


def _environment(more: Mapping[str, str] | None) -> dict[str, str]:
    known = {name: value for name, value in os.environ.items() if name in ENVIRONMENT_ALLOWED}
    return {"PATH": os.defpath, **known, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", **(more or {})}


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave no tool running, however the reading ended."""
    if process.poll() is None:
        process.kill()
    process.wait()


class _Lines:
    """Splits a stream into lines and passes on each one as it is completed."""

    def __init__(self, stream: Stream, tell: Callable[[Stream, str], None] | None) -> None:
        self._stream, self._tell = stream, tell
        self._line = bytearray()
        self._cut = False
        self._left = LINES_TOLD

    def feed(self, chunk: bytes) -> None:
        """Take the next chunk."""
        if self._tell is None or self._left < 0:
            return
        *complete, last = chunk.split(b"\n")
        for piece in complete:
            self._grow(piece)
            self.end()
        self._grow(last)

    def end(self) -> None:
        """Pass on the current line: it is complete, or the stream has ended."""
        text = self._line.decode(errors="replace").rstrip()
        shown = text.rpartition("\r")[2] + "…" * self._cut  # what a terminal shows of a progress bar
        self._line.clear()
        self._cut = False
        if self._tell is None or not shown.strip() or self._left < 0:
            return
        self._tell(self._stream, shown if self._left else f"[...] more than {LINES_TOLD} lines")
        self._left -= 1

    def _grow(self, piece: bytes) -> None:
        room = LINE_BYTES - len(self._line)
        self._line += piece[:room]
        self._cut = self._cut or len(piece) > room


class _Streams:
    """Reads stdout and stderr of a process concurrently, keeping no more than the limits."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        stopping: Callable[[], bool] | None,
        on_line: Callable[[Stream, str], None] | None,
    ) -> None:
        self.stdout = bytearray()
        self.stderr = bytearray()
        self.overflowed = False
        self.stderr_cut = False
        self.stopped = False
        self._process = process
        self._stopping = stopping
        self._stdout_lines, self._stderr_lines = _Lines("stdout", on_line), _Lines("stderr", on_line)
        self._slice_seconds = _SLICE_SECONDS if stopping is None else _STOP_SLICE_SECONDS

    def read(self, time_limit: timedelta | None) -> bool:
        """Read until both streams and the program end; False if the time was up first.

        A slice counts for no more than its own length, so that a suspended group does not use up its time.
        """
        left = time_limit.total_seconds() if time_limit is not None else None
        with selectors.DefaultSelector() as selector:
            for stream, sink in (
                (self._process.stdout, self._keep_head),
                (self._process.stderr, self._keep_tail),
            ):
                selector.register(_opened(stream), selectors.EVENT_READ, sink)
            while selector.get_map() and not self.overflowed and not self._stopped_and_gone():
                began = time.monotonic()
                longest = self._slice_seconds
                self._read_once(selector, longest if left is None else min(left, longest))
                if left is not None:
                    left -= min(time.monotonic() - began, longest)
                    if left <= 0:
                        return False
        for lines in (self._stdout_lines, self._stderr_lines):
            lines.end()
        return self.overflowed or self.stopped or self._ended(left)

    def _stopped_and_gone(self) -> bool:
        """Whether it was stopped on request and has ended; its children may keep the streams open longer."""
        if not self.stopped and self._stopping is not None and self._stopping():
            self.stopped = True
            self._process.terminate()
        return self.stopped and self._process.poll() is not None

    def _ended(self, seconds: float | None) -> bool:
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _read_once(self, selector: selectors.BaseSelector, seconds: float) -> None:
        for key, _ in selector.select(seconds):
            chunk = os.read(key.fd, _CHUNK_BYTES)
            if chunk:
                sink: Callable[[bytes], None] = key.data
                sink(chunk)
            else:
                selector.unregister(key.fileobj)

    def _keep_head(self, chunk: bytes) -> None:
        self._stdout_lines.feed(chunk)
        self.stdout += chunk
        self.overflowed = len(self.stdout) > STDOUT_LIMIT_BYTES

    def _keep_tail(self, chunk: bytes) -> None:
        self._stderr_lines.feed(chunk)
        self.stderr += chunk
        self.stderr_cut = self.stderr_cut or len(self.stderr) > STDERR_LIMIT_BYTES
        del self.stderr[:-STDERR_LIMIT_BYTES]


def _opened(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise ToolFailedError("the streams of a started program are missing")
    return stream


def _ending(program: str, streams: _Streams, code: int) -> str:
    if code > 0:
        return _told(program, streams, tool_texts.EXIT_CODE, code=code)
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = str(-code)
    return _told(program, streams, tool_texts.SIGNAL, signal=name)


def _told(program: str, streams: _Streams, what: TextCode, **more: object) -> str:
    lines = streams.stderr.decode(errors="replace").strip().splitlines()[-MESSAGE_LINES:]
    output = {"output": "\n".join(lines)} if lines else {}
    return what(program=Path(program).name, **more, **output)
