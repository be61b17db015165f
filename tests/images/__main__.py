"""`make images`: every drawn file and sample file through the plugins, and a table of what became of it.

Ends with 1 if a result is wrong, or if a file is refused that should have been done.
"""

import argparse
import re
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tests.images.attempt import attempt_one
from tests.images.corpus.collect import drawn, targets_of
from tests.images.crew import Crew, Lost
from tests.images.judge import Judgement, Verdict
from tests.images.table import Outcome, counts, table, write
from tests.images.targets import Target
from tests.images.truth import Case

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "images.md"
_HANDS: Final = 2
_SECONDS: Final = 60.0
_BAD: Final = frozenset({Verdict.WRONG, Verdict.MISSED})


def main(arguments: Sequence[str] | None = None) -> int:
    """Try what was chosen."""
    options = _parser().parse_args(arguments)
    start = time.monotonic()
    outcomes = []
    for outcome in _drawn(options.only):
        outcomes.append(outcome)
        if outcome.judgement.verdict in _BAD or options.verbose:
            sys.stdout.write(f"{outcome.kind} / {outcome.name} / {outcome.target}: {outcome.judgement}\n")
    content = table(outcomes)
    if options.write:
        write(PAGE, content)
    if options.table:
        sys.stdout.write(f"\n{content}\n\n")
    numbers = ", ".join(f"{count} {verdict}" for verdict, count in counts(outcomes).items())
    sys.stdout.write(f"{numbers} in {time.monotonic() - start:.0f} s\n")
    return int(any(outcome.judgement.verdict in _BAD for outcome in outcomes))


def _drawn(only: Sequence[str]) -> Iterator[Outcome]:
    tasks = [(case, target) for case in drawn() for target in targets_of(case) if _chosen(case, target, only)]
    with Crew(attempt_one, hands=_HANDS, seconds=_SECONDS) as crew:
        for (case, target), answer in zip(tasks, crew.do(tasks), strict=True):
            judgement = Judgement(Verdict.WRONG, answer.why) if isinstance(answer, Lost) else answer
            yield Outcome(case.kind, case.name, target.name, judgement)


def _chosen(case: Case, target: Target, only: Sequence[str]) -> bool:
    """Every word must be found in the kind, the name or the target."""
    text = f"{case.kind} / {case.name} / {target.name}"
    return all(re.search(word, text) for word in only)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.images", description=__doc__)
    parser.add_argument("only", nargs="*", help="regular expressions of kind, name and target; all must fit")
    parser.add_argument("--write", action="store_true", help="put the table into docs/images.md")
    parser.add_argument("--no-table", dest="table", action="store_false", help="do not show the table")
    parser.add_argument("--verbose", action="store_true", help="show right ones too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
