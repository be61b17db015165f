"""`make bench`: measures part by part, prints a line for each figure, and writes all figures as JSON.

It never fails because something is slow; missed targets are shown in the table at the end.
"""

import argparse
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from tests.bench.clients import pages, taskclient
from tests.bench.disturbance import Attempt, repeats, told, verdict
from tests.bench.jobs import control, curve, end_to_end, flame, latency, memory, partitions, stored, submit
from tests.bench.options import parsed
from tests.bench.parts import Bench, Part
from tests.bench.pictures import ahead, beside, images, overlap, validating
from tests.bench.report.figures import Figure, table
from tests.bench.stage.processes import Bystanders
from tests.bench.stage.servers import running_servers

PARTS: Mapping[str, Part] = {
    "end_to_end": Part(end_to_end.measure, minutes=7),
    "latency": Part(latency.measure, minutes=1),
    "submit": Part(submit.measure, minutes=1.5),
    "control": Part(control.measure, minutes=2),
    "memory": Part(memory.measure, minutes=0.5),
    "taskclient": Part(taskclient.measure, minutes=0.5),
    "images": Part(images.measure, minutes=5, rounds=1),
    "validation": Part(validating.measure, minutes=3, rounds=3),
    "beside": Part(beside.measure, minutes=2, rounds=3, by_name_only=True),
    "overlap": Part(overlap.measure, minutes=3, rounds=1),
    "ahead": Part(ahead.measure, minutes=4, rounds=1),
    "curve": Part(curve.measure, minutes=8, rounds=2),
    "stored": Part(stored.measure, minutes=4),
    "pages": Part(pages.measure, minutes=3),
    "partitions": Part(partitions.measure, minutes=5, rounds=2, by_name_only=True),
    "flame": Part(flame.measure, minutes=1.5, by_name_only=True),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the chosen parts."""
    options = parsed(arguments, PARTS, __doc__)
    signal.signal(signal.SIGTERM, _leave)
    figures: list[Figure] = []
    deadline = time.monotonic() + 60 * options.minutes
    _say(f"about {_minutes(options.only):g} minutes: {', '.join(options.only)}")
    try:
        with tempfile.TemporaryDirectory(prefix="tm-bench-") as folder:
            for number, name in enumerate(options.only):
                rest = 60 * _minutes(options.only[number + 1 :])
                figures += _measured(name, options, Path(folder), deadline - rest)
    finally:
        _write(options.json, figures)
    _say(f"\n{table(figures)}\n\nwritten to {options.json}")


def _minutes(names: Sequence[str]) -> float:
    return sum(PARTS[name].minutes for name in names)


def _leave(number: int, _: object) -> None:
    """Exit by an exception, so that every process started here is ended first."""
    sys.exit(128 + number)


def _measured(name: str, options: argparse.Namespace, folder: Path, deadline: float) -> Sequence[Figure]:
    """Measure one part, again if it was disturbed and can be measured again before the deadline."""
    _say(f"-- {name}: about {PARTS[name].minutes:g} minutes")
    attempts: list[Attempt] = []
    again = True
    while again:
        attempts.append(_attempt(name, options, folder / f"{name}-{len(attempts)}"))
        again = repeats(attempts, deadline - time.monotonic())
        if warning := verdict(name, attempts[-1], again=again):
            _say(warning)
    figures = [*told(name, attempts)]
    for one in figures[len(attempts[0].figures) :]:
        _say(one.line())
    return figures


def _attempt(name: str, options: argparse.Namespace, folder: Path) -> Attempt:
    """Measure one part on its own servers, so that none finds what another one left."""
    bystanders, began = Bystanders(), time.monotonic()
    figures: list[Figure] = []
    part = PARTS[name]
    with running_servers(folder) as servers:
        sizes = {size: getattr(options, size) for size in ("jobs", "stored", "queued", "pages", "curve")}
        for one in part.measure(Bench(servers, folder, options.rounds or part.rounds, **sizes)):
            _say(one.line())
            figures.append(one)
    return Attempt(tuple(figures), bystanders.percent(), time.monotonic() - began)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _write(path: Path, figures: Sequence[Figure]) -> None:
    document = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "machine": _machine(),
        "figures": [one.document() for one in figures],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _commit() -> str:
    """The commit that was measured; empty outside a repository."""
    git = shutil.which("git")
    if git is None:
        return ""
    words = [git, "describe", "--always", "--dirty"]
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()


def _machine() -> dict[str, Any]:
    """What the numbers depend on; other load on the machine would distort them."""
    return {
        "processors": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "python": platform.python_version(),
        "load_of_the_last_minutes": os.getloadavg(),
    }


if __name__ == "__main__":
    main()
