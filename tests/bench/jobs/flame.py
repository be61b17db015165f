"""Flame graphs of gateway, scheduler, runner and one slot under the load of `end_to_end`, as SVG.

py-spy, a sampling profiler, reads the stacks of a process from outside, so nothing is installed in it. It
needs the right to trace: root has it, other users only where the system allows it (Yama's `ptrace_scope` is
0). Sampling slows a process down, so no rate is reported.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.bench.parts import Bench
from tests.bench.report.figures import Figure, figure
from tests.bench.stage.load import send_all
from tests.bench.stage.our_runs import warm_up
from tests.bench.stage.processes import children_of, processor_seconds
from tests.bench.stage.run import wait_until_done
from tests.bench.stage.submissions import CONNECTIONS, PLUGIN, singles
from tests.bench.stage.system import System, running_system

PROGRAM = Path(sys.prefix) / "tools" / "bin" / "py-spy"
FOLDER = Path(os.environ.get("BENCH_FLAMES", Path(__file__).parents[3] / "docs" / "images"))
SLOTS = 16
SECONDS = 10
RATE = 200
BURST = 1000
OPTIONS = ("--duration", str(SECONDS), "--rate", str(RATE), "--function")
ONLY_WITH_LOCK = {"gateway": ("--gil",)}
"""Its threads wait for work in C code, which py-spy cannot tell from working; only samples that hold Python's
global lock are counted there, which leaves out system calls."""


def measure(bench: Bench) -> Iterator[Figure]:
    """Record one process after another, so that they do not compete with several recorders at once."""
    if not PROGRAM.exists():
        yield figure("flame_not_recorded", 0, "", note=f"{PROGRAM.name} is not installed")
        return
    with running_system(bench.servers, bench.folder, slots={PLUGIN: SLOTS}) as system:
        warm_up(system)
        with _load(system):
            for name, pid in _processes(system).items():
                yield _recorded(name, pid)


def _processes(system: System) -> dict[str, int]:
    """The services, and of the runner's slots the one that has worked most."""
    runner = system.services[f"runner-{PLUGIN}"].pid
    services = {name: system.services[name].pid for name in ("gateway", "scheduler")}
    return {**services, "runner": runner, "slot": max(children_of(runner), key=processor_seconds)}


@contextmanager
def _load(system: System) -> Iterator[None]:
    """Bursts of jobs, each after the end of the last, so that submitting and running go on side by side."""
    ended = threading.Event()

    def work() -> None:
        while not ended.is_set():
            wanted = system.done(PLUGIN) + BURST
            send_all(system.port, singles(BURST), CONNECTIONS)
            wait_until_done(partial(system.done, PLUGIN), wanted)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield
    finally:
        ended.set()
        worker.join()


def _recorded(name: str, pid: int) -> Figure:
    """Write a graph; a figure without one where tracing is not permitted."""
    file = f"flame-{name}.svg"
    options = ("--pid", str(pid), *OPTIONS, *ONLY_WITH_LOCK.get(name, ()), "--output", file)
    # the command line becomes the graph's title, so it must not name any folder
    ended = subprocess.run(
        ["py-spy", "record", *options],  # noqa: S607 - only its name; the program is the one below
        executable=PROGRAM,
        cwd=FOLDER,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        return figure(f"flame_{name}_not_recorded", 0, "", note=ended.stderr.strip().splitlines()[-1])
    return figure(f"flame_{name}", (FOLDER / file).stat().st_size / 1000, "kB", note=f"{file}, {SECONDS} s")
