"""Plugins for tests and measurements, through the public interface only."""

import ctypes
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Literal

from taskmanager.plugin_api import (
    JobContext,
    JobFailedError,
    Need,
    Parameters,
    PauseSupport,
    PluginManifest,
    parse_parameters,
)

POLL_SECONDS = 0.01


class Noop:
    """Does nothing, as fast as possible: what remains is the cost of the system."""

    manifest = PluginManifest(
        name="noop", title="Nothing", job_type="NOOP", source=Need.OPTIONAL, destination=Need.OPTIONAL
    )

    def run(self, context: JobContext) -> None:
        """Return."""


class SleepParameters(Parameters):
    """How long to sleep."""

    seconds: float = 1.0
    until: str | None = None
    """A file; the job ends as soon as it exists."""


class Sleep:
    """Waits, and reports progress."""

    manifest = PluginManifest(
        name="sleep",
        title="Sleep",
        job_type="SLEEP",
        parameters=SleepParameters.model_json_schema(),
        source=Need.OPTIONAL,
        destination=Need.OPTIONAL,
    )

    def run(self, context: JobContext) -> None:
        """Sleep in short pieces with a checkpoint between them."""
        parameters = parse_parameters(SleepParameters, context.spec.parameters)
        note = f"sleeping for {parameters.seconds} s"
        context.log.info(note)
        end = time.monotonic() + parameters.seconds
        while time.monotonic() < end and not (parameters.until and Path(parameters.until).exists()):
            context.checkpoint()
            time.sleep(POLL_SECONDS)


class Fail:
    """Fails with a message about its input."""

    manifest = PluginManifest(
        name="fail", title="Fail", job_type="FAIL", source=Need.OPTIONAL, destination=Need.OPTIONAL
    )

    def run(self, context: JobContext) -> None:
        """Leave a result that must never become visible, and fail."""
        (context.output / "half.txt").write_text("half a result", encoding="utf-8")
        raise JobFailedError("this job is meant to fail")


class Crash:
    """Dies without a message, as a tool in the same process may."""

    manifest = PluginManifest(
        name="crash", title="Crash", job_type="CRASH", source=Need.OPTIONAL, destination=Need.OPTIONAL
    )

    def run(self, context: JobContext) -> None:
        """Kill the process of the job."""
        del context
        print("last words", flush=True)  # noqa: T201 - what is printed belongs to the log of the job
        os.kill(os.getpid(), signal.SIGKILL)


class Tally:
    """Copies its files and writes how many there were: a job with real input and output."""

    manifest = PluginManifest(name="tally", title="Tally", job_type="TALLY", reads_in_place=True)

    def run(self, context: JobContext) -> None:
        """Copy file by file."""
        files = context.files()
        for number, file in enumerate(files):
            context.progress(number, len(files), file.name)
            (context.output / file.name).write_bytes(file.read_bytes())
            context.checkpoint()
        context.progress(len(files), len(files))
        (context.output / "tally.txt").write_text(f"{len(files)}\n", encoding="utf-8")


class Diary:
    """Copies its files and logs the begin and end of each attempt next to its destination."""

    manifest = PluginManifest(name="diary", title="Diary", job_type="DIARY", reads_in_place=True)

    def run(self, context: JobContext) -> None:
        """Each line is one write, so that attempts of a killed runner leave whole lines."""
        diary = Path(context.spec.destination or "").with_suffix(".log")
        self._write(diary, "begin", context)
        for file in context.files():
            (context.output / file.name).write_bytes(file.read_bytes())
            time.sleep(POLL_SECONDS)
            context.checkpoint()
        (context.output / "attempt.txt").write_text(f"{context.job_id} {context.attempt}\n", encoding="utf-8")
        self._write(diary, "end", context)

    def _write(self, diary: Path, what: str, context: JobContext) -> None:
        line = f"{what} {context.job_id} {context.attempt}\n"
        with diary.open("ab", buffering=0) as out:
            out.write(line.encode())


class PacedParameters(Parameters):
    """When to continue with the next file."""

    leave: str
    """A folder: file `n` is done once a file named `n` exists there, all remaining ones once `all` does."""


class Paced:
    """Copies its files one by one, each when allowed; pauses between two files."""

    manifest = PluginManifest(
        name="paced",
        title="Paced",
        job_type="PACED",
        parameters=PacedParameters.model_json_schema(),
        pause=PauseSupport.CHECKPOINT,
    )

    def run(self, context: JobContext) -> None:
        """Log every file, so that a file done twice is noticed."""
        leave = Path(parse_parameters(PacedParameters, context.spec.parameters).leave)
        files = context.files()
        for number, file in enumerate(files, start=1):
            context.checkpoint()
            context.progress(number - 1, len(files), file.name)
            context.log.info(file.name)
            while not ((leave / str(number)).exists() or (leave / "all").exists()):
                time.sleep(POLL_SECONDS)
            (context.output / file.name).write_bytes(file.read_bytes())


class TickParameters(Parameters):
    """Where to write the count."""

    note: str


class Tick:
    """Counts, as does a tool in its own session, until `<note>.end` exists; is paused by signals."""

    manifest = PluginManifest(
        name="tick",
        title="Tick",
        job_type="TICK",
        parameters=TickParameters.model_json_schema(),
        source=Need.OPTIONAL,
        destination=Need.OPTIONAL,
        pause=PauseSupport.SIGNAL,
    )

    def run(self, context: JobContext) -> None:
        """Write the count into `note`; the tool's goes into `<note>.tool`."""
        note = Path(parse_parameters(TickParameters, context.spec.parameters).note)
        loop = f"n=0; while :; do n=$((n+1)); echo $n >{note}.tool; sleep {POLL_SECONDS}; done"
        tool = subprocess.Popen(["/bin/sh", "-c", loop], start_new_session=True)
        count = 0
        while not note.with_suffix(".end").exists():
            context.checkpoint()
            count += 1
            note.write_text(str(count), encoding="ascii")
            time.sleep(POLL_SECONDS)
        tool.kill()
        tool.wait()


class StubbornParameters(Parameters):
    """What to ignore."""

    note: str
    """A file that gets the process id of a program the job starts."""
    deaf: bool = True
    """Ignore SIGTERM too, not only checkpoints."""
    tool: bool = False
    """Wait in a tool instead of sleeping."""


class Stubborn:
    """Ignores every request to stop, as does a grandchild in its own session."""

    manifest = PluginManifest(
        name="stubborn",
        title="Stubborn",
        job_type="STUBBORN",
        parameters=StubbornParameters.model_json_schema(),
        source=Need.OPTIONAL,
        destination=Need.OPTIONAL,
        grace_seconds=1,
    )

    def run(self, context: JobContext) -> None:
        """Leave a partial result and never end."""
        parameters = parse_parameters(StubbornParameters, context.spec.parameters)
        (context.output / "half.txt").write_text("half a result", encoding="utf-8")
        trap = "trap '' TERM; " if parameters.deaf else ""
        if parameters.deaf:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if parameters.tool or parameters.deaf:
            program = f"{trap}echo $$ >{parameters.note}; sleep 600 & wait; sleep 600"
            tool = subprocess.Popen(["/bin/sh", "-c", program], start_new_session=parameters.deaf)
            if parameters.tool:
                tool.wait()
                raise JobFailedError("the tool was ended")
        else:
            Path(parameters.note).write_text(str(os.getpid()), encoding="ascii")
        while True:
            time.sleep(POLL_SECONDS)


class WildParameters(Parameters):
    """What to do wrong, and where to note it."""

    deed: Literal["orphan", "exit", "print", "log", "link", "hog", "raise", "seize", "fork"]
    note: str = ""
    """A file that gets the process id of a program the job starts."""


class Wild:
    """Does what a plugin must not do."""

    manifest = PluginManifest(
        name="wild",
        title="Wild",
        job_type="WILD",
        parameters=WildParameters.model_json_schema(),
        source=Need.OPTIONAL,
        destination=Need.OPTIONAL,
        outside_effects=True,
    )

    def run(self, context: JobContext) -> None:
        """Do the chosen deed."""
        parameters = parse_parameters(WildParameters, context.spec.parameters)
        if parameters.deed in {"orphan", "hog", "seize"}:
            _with_programs(parameters.deed, parameters.note)
            return
        match parameters.deed:
            case "exit":
                sys.exit(3)
            case "print":
                print("printed line")  # noqa: T201 - the deed
                os.write(1, b"bytes \xff\n")
            case "log":
                for number in range(5_000):
                    note = f"line {number}"
                    context.log.info(note)
            case "link":
                (context.output / "link").symlink_to("/etc/passwd")
            case "fork":
                context.log.info(_end_of_fork())
            case "raise":
                raise RuntimeError("a defect with a name that is no text: \udcff")


def _end_of_fork() -> str:
    """How a forked worker process ends when told to, as in process pools."""
    process = multiprocessing.get_context("fork").Process(target=time.sleep, args=(600,))
    process.start()
    process.terminate()
    process.join()
    return f"ended with {process.exitcode}"


def _with_programs(deed: str, note: str) -> None:
    """Start a program and leave it, keep working next to it, or hold Python's lock."""
    _start_program(note, own_session=deed != "seize")
    if deed == "seize":
        ctypes.PyDLL(None).pause()  # waits for a signal
    while deed == "hog":
        time.sleep(POLL_SECONDS)


def _start_program(note: str, *, own_session: bool = True) -> None:
    process = subprocess.Popen(["/bin/sleep", "600"], start_new_session=own_session)
    Path(note).write_text(str(process.pid), encoding="ascii")
