"""The command `taskmanager` for tests: as an operator starts it, in a pipe or in a terminal."""

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import termios
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from taskmanager_local.services import program

SECONDS = 60
PROGRAM = ("env", "--default-signal=INT", program("taskmanager"))
"""Where the tests run in the background of a shell, Ctrl-C would be ignored by all that they start."""
LINES = 50


@dataclass(frozen=True)
class CommandLine:
    """How it is started: with a home folder of its own, and with these variables."""

    home: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def with_(self, **variables: str) -> "CommandLine":
        """The same with further variables."""
        return replace(self, variables={**self.variables, **variables})

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of the machine but where programs are."""
        fixed = {"PATH": os.environ["PATH"], "HOME": str(self.home), "TZ": "UTC", "LANG": "C.UTF-8"}
        return {**fixed, **self.variables}

    @contextmanager
    def start(self, *words: str) -> Iterator["subprocess.Popen[str]"]:
        """Start it without a terminal; it is killed at the end if it still runs."""
        pipe = subprocess.PIPE
        command = [*PROGRAM, *words]
        with subprocess.Popen(
            command, env=self.environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True, encoding="utf-8"
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def run(self, *words: str, given: str = "") -> "subprocess.CompletedProcess[str]":
        """Start it without a terminal and wait for its end; `given` is what it finds on stdin."""
        with self.start(*words) as process:
            stdout, stderr = process.communicate(given, timeout=SECONDS)
        return subprocess.CompletedProcess(words, process.returncode, stdout, stderr)

    def text(self, *words: str, given: str = "") -> str:
        """What it prints; it must succeed."""
        done = self.run(*words, given=given)
        assert done.returncode == 0, (words, done.returncode, done.stdout, done.stderr)
        return done.stdout

    def json(self, *words: str, given: str = "") -> Any:
        """What it prints with --json; it must succeed."""
        return json.loads(self.text(*words, "--json", given=given))

    def refused(self, *words: str, code: int, given: str = "") -> str:
        """What it says on stderr when it fails with that exit code."""
        done = self.run(*words, given=given)
        assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
        assert done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr

    def in_terminal(
        self, words: Sequence[str], *, columns: int = 80, typed: str = "", interrupt_after: str = ""
    ) -> tuple[int, str]:
        """Start it in a terminal of that width; returns exit code and all that appeared there.

        It gets a SIGINT, as by Ctrl-C, once the text `interrupt_after` has appeared.
        """
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, columns, 0, 0))
        environment = {"TERM": "xterm-256color", **self.environment}
        with subprocess.Popen(
            [*PROGRAM, *words], env=environment, stdin=slave, stdout=slave, stderr=slave
        ) as process:
            try:
                os.close(slave)
                os.write(master, typed.encode())
                shown = _read(master, interrupt_after.encode())
                if interrupt_after:
                    process.send_signal(signal.SIGINT)
                    shown += _read(master)
                code = process.wait(SECONDS)
            finally:
                process.kill()
                os.close(master)
        return code, shown.decode(errors="replace")


def _read(master: int, until: bytes = b"") -> bytes:
    """Everything until that text, or until the other end is closed, which Linux reports as an error."""
    shown = b""
    while not (until and until in shown):
        try:
            part = os.read(master, 65536)
        except OSError:
            return shown
        if not part:
            return shown
        shown += part
    return shown
