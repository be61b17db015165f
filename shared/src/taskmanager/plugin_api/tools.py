"""Runs an external program for a job, and says plainly how it failed. Knows no job, no slot and no plugin.

The program stays in the caller's process group: whoever stops the group stops its tools with it. Safe to call
from several threads at once.
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
"""More than this on stdout is an error: nobody reads a report of that size from memory."""

STDERR_LIMIT_BYTES = 64 * 1024
"""Of stderr this much is kept, from the end: a damaged image can make a tool warn without end."""

MESSAGE_LINES = 20
LINES_TOLD = 500
"""Of each stream of a program so many lines are passed on while it runs."""

LINE_BYTES = 4_000
"""Of a longer line the beginning is passed on."""

ENVIRONMENT_ALLOWED = frozenset({"PATH", "HOME", "TMPDIR", "TZ", "SOURCE_DATE_EPOCH"})
"""What a tool sees of our environment: the rest holds addresses and secrets of the services."""

Stream = Literal["stdout", "stderr"]

_SLICE_SECONDS = 1.0
_STOP_SLICE_SECONDS = 0.1
"""How late a wish to stop may be noticed."""
_CHUNK_BYTES = 65536


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a program that succeeded wrote; of a long `stderr` only the end is kept, as `stderr_cut` says."""

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
    """Run a program without a shell and wait for it; stdin is empty, the environment small and English.

    `environment` is added to what the tool sees. `time_limit` does not count time in which the process group
    was suspended. Once `stopping()` is true the program gets SIGTERM, nothing more is waited for than its own
    end, and ToolStoppedError is raised. `on_line` gets each line as the program writes it, in this thread;
    empty lines are left out, long ones and a flood of them are cut. Raises ToolFailedError with the program's
    name, its exit code or signal and the end of its stderr, also if the program does not exist or ran out of
    time.
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
    """Leave no tool behind, whatever ended the reading."""
    if process.poll() is None:
        process.kill()
    process.wait()


class _Lines:
    """Cuts a stream into lines and passes them on as they are complete."""

    def __init__(self, stream: Stream, tell: Callable[[Stream, str], None] | None) -> None:
        self._stream, self._tell = stream, tell
        self._line = bytearray()
        self._cut = False
        self._left = LINES_TOLD

    def feed(self, chunk: bytes) -> None:
        """What comes next."""
        if self._tell is None or self._left < 0:
            return
        *complete, last = chunk.split(b"\n")
        for piece in complete:
            self._grow(piece)
            self.end()
        self._grow(last)

    def end(self) -> None:
        """The line is complete, or there is no more of it."""
        text = self._line.decode(errors="replace").rstrip()
        shown = text.rpartition("\r")[2] + "…" * self._cut  # what a terminal would show of a bar that grows
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
    """Reads stdout and stderr of a process at the same time, keeping no more than the limits."""

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
        """Read until both streams end and the program with them; False if the time was over first.

        A slice counts no more than its own length, so that a suspended group does not use up its time.
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
        """Ask it to end when that is wished; what it has started may hold the streams open for longer."""
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
