"""The process that runs a plugin as another user, as seen by the slot that started it.

It is a child in the slot's group and is given no secrets. It is trusted no further than necessary: an answer
to another order, or an invalid line, ends it and the slot with it. When it ends, the slot ends in the same
way, so that the runner sees what became of the plugin.
"""

import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import NoReturn

from taskmanager.errors import TaskManagerError
from taskmanager_plugin_runner.failures import job_error
from taskmanager_plugin_runner.slot_protocol import (
    LINE_BYTES,
    FileNote,
    LogNote,
    ProgressNote,
    Ready,
    Settle,
    Settled,
    SlotAnswer,
    SlotControl,
    SlotEvent,
    SlotOptions,
    SlotOrder,
    SuspensionNote,
    ToolNote,
    decode_event,
)
from taskmanager_plugin_runner.system.processes import die_of
from taskmanager_plugin_runner.system.slot_users import SlotUser

READ_BYTES = 1024 * 1024
_NO_HOME = "/nonexistent"

Settling = Callable[[Settle], None]


class PluginProcess:
    """One process for the lifetime of the slot."""

    def __init__(self, options: SlotOptions, user: SlotUser, send: Callable[[SlotEvent], None]) -> None:
        """Start it; `send` takes what it reports about a job. Raises OSError."""
        self._send = send
        self._lock = threading.Lock()
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-P",
                    "-m",
                    "taskmanager_plugin_runner.slot.other_user.plugin_process_main",
                    str(theirs.fileno()),
                ],
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                cwd="/",
                env=_environment(os.environ),
                user=user.uid,
                group=user.gid,
                extra_groups=(),
            )
        self._socket = ours
        self._lines = self._read()
        self._tell(_for_plugin_process(options).encode())

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def wait_until_ready(self) -> str | None:
        """Wait until it has loaded the plugin; returns the reason if it could not, otherwise None."""
        event = self._next()
        return event.error if isinstance(event, Ready) else self._end("it began with something else")

    def run(self, order: SlotOrder, settle: Settling) -> SlotAnswer:
        """Let the plugin do the job; does not return if the plugin's process ends."""
        self._tell(order.encode())
        while True:
            event = self._next()
            match event:
                case SlotAnswer() if event.number == order.number:
                    return event
                case Settle():
                    self._tell(_settled(settle, event).encode())
                case ProgressNote() | LogNote() | FileNote() | SuspensionNote() | ToolNote():
                    self._send(event)
                case _:
                    self._end("it said what nobody had asked for")

    def hear(self, control: SlotControl) -> None:
        """Pass on a control message from the runner. May be called from another thread."""
        self._tell(control.encode())

    def _tell(self, line: bytes) -> None:
        try:
            with self._lock:
                self._socket.sendall(line)
        except OSError:
            return  # it has ended: the reader notices that

    def _next(self) -> SlotEvent:
        try:
            return decode_event(next(self._lines))
        except StopIteration:
            self._end(None)
        except (ValueError, KeyError, TypeError) as error:
            self._end(str(error))

    def _read(self) -> Iterator[bytes]:
        """The lines of the process until it ends, even if something that it started holds the socket open."""
        ended = os.pidfd_open(self._process.pid)
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        poll.register(ended, select.POLLIN)
        rest = b""
        while self._socket.fileno() in {descriptor for descriptor, _ in poll.poll()}:
            data = self._socket.recv(READ_BYTES)
            *lines, rest = (rest + data).split(b"\n")
            yield from lines
            if not data or len(rest) > LINE_BYTES:
                return

    def _end(self, nonsense: str | None) -> NoReturn:
        """End this process in the same way as the plugin's process."""
        if nonsense is not None:
            sys.stderr.write(f"the process of the plugin talked nonsense and is ended: {nonsense}\n")
            sys.stderr.flush()
        self._process.kill()  # without effect if it has ended
        code = self._process.wait()
        if code < 0:
            die_of(-code)
        os._exit(code or 1)


def _environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The slot's environment, without what belongs to the runner's user."""
    return {name: value for name, value in environment.items() if name not in {"USER", "LOGNAME"}} | {
        "HOME": _NO_HOME
    }


def _for_plugin_process(options: SlotOptions) -> SlotOptions:
    """The options without secrets, and without what the slot has already done or keeps for itself."""
    return replace(
        options,
        parent=os.getpid(),
        nice=0,
        processors=(),
        ahead_bytes=0,
        goobi="",
        group="",
        slot_user=None,
        journal_key="",
    )


def _settled(settle: Settling, question: Settle) -> Settled:
    if not all(map(_is_inside, question.results)):
        return Settled(job_error(ValueError("a result is named outside the output")).model_dump())
    try:
        settle(question)
    except (TaskManagerError, OSError) as error:
        return Settled(job_error(error).model_dump())
    return Settled()


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts
