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
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from tests.bench import (
    control,
    end_to_end,
    growth,
    images,
    latency,
    memory,
    overlap,
    pages,
    stored,
    submit,
    taskclient,
)
from tests.bench.figures import Figure, figure, table
from tests.bench.parts import Bench, Part
from tests.bench.processes import Bystanders
from tests.bench.servers import running_servers

PARTS: Mapping[str, Part] = {
    "end_to_end": end_to_end.measure,
    "latency": latency.measure,
    "submit": submit.measure,
    "control": control.measure,
    "memory": memory.measure,
    "taskclient": taskclient.measure,
    "images": images.measure,
    "overlap": overlap.measure,
    "growth": growth.measure,
    "stored": stored.measure,
    "pages": pages.measure,
}
DEFAULT_JSON = ".bench/figures.json"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the chosen parts."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _leave)
    chosen = [name for name in PARTS if not options.only or name in options.only]
    figures: list[Figure] = []
    try:
        with tempfile.TemporaryDirectory(prefix="tm-bench-") as folder:
            for name in chosen:
                _measure(name, options, Path(folder), figures)
    finally:
        _write(options.json, figures)
    sys.stdout.write(f"\n{table(figures)}\n\nwritten to {options.json}\n")


def _leave(number: int, _: object) -> None:
    """Exit by an exception, so that every process started here is ended first."""
    sys.exit(128 + number)


def _measure(name: str, options: argparse.Namespace, folder: Path, figures: list[Figure]) -> None:
    """Measure one part on its own servers, so that none finds what another one left."""
    bystanders = Bystanders()
    with running_servers(folder / name) as servers:
        sizes = {size: getattr(options, size) for size in ("rounds", "jobs", "stored", "queued", "pages")}
        for one in PARTS[name](Bench(servers, folder / name, **sizes)):
            _show(one, figures)
    _show(figure(f"others_during_{name}", bystanders.percent(), "% of the processors"), figures)


def _show(one: Figure, figures: list[Figure]) -> None:
    sys.stdout.write(f"{one.line()}\n")
    sys.stdout.flush()
    figures.append(one)


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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("make bench", description=__doc__)
    environment = os.environ.get
    parser.add_argument("only", nargs="*", choices=[*PARTS, []], help="parts to measure (default: all)")
    parser.add_argument(
        "--json",
        type=Path,
        default=Path(environment("BENCH_JSON", DEFAULT_JSON)),
        help="file for all figures (default: BENCH_JSON, else %(default)s)",
    )
    parser.add_argument("--rounds", type=int, default=3, help="number of runs; each figure is their median")
    parser.add_argument("--jobs", type=int, default=2000, help="jobs in an end-to-end run")
    parser.add_argument("--stored", type=int, default=1_000_000, help="jobs stored when lists are measured")
    parser.add_argument("--queued", type=int, default=100_000, help="how many of them are waiting")
    parser.add_argument("--pages", type=int, default=24, help="images per image job")
    return parser


if __name__ == "__main__":
    main()
