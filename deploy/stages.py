"""`make test`: targets of the Makefile one after another, up to the first that fails, and how long each took.

`python deploy/stages.py lint test-unit ...`: the quick ones first, so that errors show early.
"""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def run(stages: Sequence[str]) -> Iterator[tuple[str, float, bool]]:
    """Each stage with its seconds and whether it passed; none after one that failed."""
    for stage in stages:
        begun = time.monotonic()
        command = ["make", "--no-print-directory", stage]
        passed = subprocess.run(command, cwd=ROOT, check=False).returncode == 0
        yield stage, time.monotonic() - begun, passed
        if not passed:
            return


def summary(ended: Sequence[tuple[str, float, bool]], stages: Sequence[str]) -> str:
    """A line for each stage, and the total."""
    lines = [
        f"{stage:<14}{seconds:>7.0f} s  {'passed' if passed else 'FAILED'}"
        for stage, seconds, passed in ended
    ]
    lines += [f"{stage:<14}{'':>7}    not run" for stage in stages[len(ended) :]]
    total = sum(seconds for _, seconds, _ in ended)
    return "\n".join([*lines, f"{'together':<14}{total:>7.0f} s"])


def main(stages: Sequence[str]) -> int:
    """The exit code."""
    ended = list(run(stages))
    print(summary(ended, stages), flush=True)  # noqa: T201 - a program
    return 0 if all(passed for _, _, passed in ended) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
