"""`make lint`: the checks that run none of our code, in parallel; all of them run, whatever one finds."""

import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = Path(sys.executable).parent
CHECKS: tuple[tuple[str, ...], ...] = (
    ("mypy",),  # the longest first
    ("ruff", "check"),
    ("ruff", "format", "--check"),
    ("lint-imports",),
    ("python", "deploy/lint_containers.py"),
    (
        "../tools/bin/ansible-lint",
        "--offline",
        "-qq",
        "--nocolor",
        "--profile",
        "production",
        "deploy/ansible",
    ),
)


def check(words: Sequence[str]) -> tuple[bool, str]:
    """Whether the check passed, and its output."""
    begun = time.monotonic()
    program, *arguments = words
    done = subprocess.run(
        [PROGRAMS / program, *arguments],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    verdict = "passed" if done.returncode == 0 else f"failed (exit code {done.returncode})"
    heading = f"{' '.join(words)}: {verdict} after {time.monotonic() - begun:.0f} s"
    return done.returncode == 0, "\n".join(filter(None, (heading, done.stdout.strip())))


def main() -> int:
    """The exit code."""
    good = True
    with ThreadPoolExecutor(max_workers=2) as pool:
        for ended in as_completed([pool.submit(check, words) for words in CHECKS]):
            passed, said = ended.result()
            good &= passed
            print(said, flush=True)  # noqa: T201 - a program
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
