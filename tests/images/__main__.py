"""`make images`: runs every drawn and sample file through the plugins and prints a table of the results.

Exit code 1 if a result is wrong, or if a file is refused that should have been processed.
"""

import argparse
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from tests.images.attempt import attempt_one
from tests.images.corpus.collect import drawn, targets_of
from tests.images.crew import Crew, Lost
from tests.images.judge import Judgement, Verdict
from tests.images.samples.folders import samples, try_sample
from tests.images.table import PAGE, Outcome, counts, table, write
from tests.images.targets import ALL

_HANDS: Final = 2
_SECONDS: Final = 300.0
_BAD: Final = frozenset({Verdict.WRONG, Verdict.MISSED})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chosen cases."""
    options = _parser().parse_args(arguments)
    start = time.monotonic()
    drawings = [] if options.samples else list(_shown(_drawn(options.only), verbose=options.verbose))
    if options.write:
        write(PAGE, table(drawings))
    found = [] if options.drawn else list(_shown(_samples(options.only), verbose=options.verbose))
    for outcomes in (drawings, found):
        if outcomes and options.table:
            sys.stdout.write(f"\n{table(outcomes)}\n\n")
    every = [*drawings, *found]
    numbers = ", ".join(f"{count} {verdict}" for verdict, count in counts(every).items())
    sys.stdout.write(f"{numbers} in {time.monotonic() - start:.0f} s\n")
    return int(any(outcome.judgement.verdict in _BAD for outcome in every))


def _shown(outcomes: Iterator[Outcome], *, verbose: bool) -> Iterator[Outcome]:
    """Print each wrong result at once."""
    for outcome in outcomes:
        if outcome.judgement.verdict in _BAD or verbose:
            sys.stdout.write(f"{outcome.kind} / {outcome.name} / {outcome.target}: {outcome.judgement}\n")
        yield outcome


def _drawn(only: Sequence[str]) -> Iterator[Outcome]:
    tasks = [
        (case, target)
        for case in drawn()
        for target in targets_of(case)
        if _chosen(f"{case.kind} / {case.name} / {target.name}", only)
    ]
    for (case, target), judgement in zip(tasks, _judged(attempt_one, tasks), strict=True):
        yield Outcome(case.kind, case.name, target.name, judgement)


def _samples(only: Sequence[str]) -> Iterator[Outcome]:
    tasks = [
        (sample, target)
        for sample in samples()
        for target in ALL
        if _chosen(f"samples / {sample.name} / {target.name}", only)
    ]
    for (sample, target), judgement in zip(tasks, _judged(try_sample, tasks), strict=True):
        kind = f"samples: {sample.name.split('/')[0]}"
        yield Outcome(kind, sample.name, target.name, judgement)


def _judged(work: Callable[[Any], Judgement], tasks: Sequence[Any]) -> Iterator[Judgement]:
    with Crew(work, hands=_HANDS, seconds=_SECONDS) as crew:
        for answer in crew.do(tasks):
            yield Judgement(Verdict.WRONG, answer.why) if isinstance(answer, Lost) else answer


def _chosen(text: str, only: Sequence[str]) -> bool:
    """Whether every expression matches the kind, the name or the target."""
    return all(re.search(word, text) for word in only)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.images", description=__doc__)
    parser.add_argument(
        "only", nargs="*", help="regular expressions for kind, name and target; all must match"
    )
    parser.add_argument("--drawn", action="store_true", help="skip the sample files")
    parser.add_argument("--samples", action="store_true", help="skip the drawn files")
    parser.add_argument("--write", action="store_true", help="write the table to docs/images.md")
    parser.add_argument("--no-table", dest="table", action="store_false", help="do not show the table")
    parser.add_argument("--verbose", action="store_true", help="also show correct results")
    return parser


if __name__ == "__main__":
    sys.exit(main())
