"""`make test`: targets of the Makefile one after another, up to the first that fails, and how long each took.

`python deploy/stages.py lint test-unit+test-system`: the quick one first, so that errors show early, then two
side by side. The tests with servers leave a third of the processors unused, because they also wait; the
others, which only compute, give way to them and fill that.
"""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

ROOT = Path(__file__).resolve().parents[1]
BESIDE = "+"
GIVING_WAY = ("nice", "-n", "5")
"""Of two processes that both want a processor, the one started with this gets a quarter of it."""
Ended = tuple[str, float, bool]
"""A stage, its seconds, and whether it passed."""


def run(steps: Sequence[str]) -> Iterator[Ended]:
    """How each stage ended; none is begun after one that failed.

    Stages side by side all run to their ends, so that one run shows all that is wrong.
    """
    for step in steps:
        *beside, last = step.split(BESIDE)
        with ThreadPoolExecutor(len(beside) + 1) as crew:
            ends = [crew.submit(_run_beside, stage) for stage in beside]
            ends.append(crew.submit(_run, stage=last))
            ended = [end.result() for end in ends]
        yield from ended
        if not all(passed for _, _, passed in ended):
            return


def _run_beside(stage: str) -> Ended:
    """It gives way to others, and what it prints comes at its end, in one piece."""
    with TemporaryFile() as output:
        ended = _run(stage, GIVING_WAY, stdout=output)
        output.seek(0)
        shutil.copyfileobj(output, sys.stdout.buffer)
        sys.stdout.flush()
    return ended


def _run(stage: str, how: Sequence[str] = (), stdout: IO[bytes] | None = None) -> Ended:
    begun = time.monotonic()
    command = [*how, "make", "--no-print-directory", stage]
    passed = subprocess.run(command, cwd=ROOT, stdout=stdout, stderr=stdout, check=False).returncode == 0
    return stage, time.monotonic() - begun, passed


def summary(ended: Sequence[Ended], steps: Sequence[str], seconds: float) -> str:
    """A line for each stage, and how long all took together."""
    lines = [
        f"{stage:<14}{taken:>7.0f} s  {'passed' if passed else 'FAILED'}" for stage, taken, passed in ended
    ]
    stages = [stage for step in steps for stage in step.split(BESIDE)]
    lines += [f"{stage:<14}{'':>7}    not run" for stage in stages[len(ended) :]]
    return "\n".join([*lines, f"{'together':<14}{seconds:>7.0f} s"])


def main(steps: Sequence[str]) -> int:
    """The exit code."""
    begun = time.monotonic()
    ended = list(run(steps))
    print(summary(ended, steps, time.monotonic() - begun), flush=True)  # noqa: T201 - a program
    return 0 if all(passed for _, _, passed in ended) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
