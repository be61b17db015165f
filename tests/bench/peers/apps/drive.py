"""Submits tasks to a peer's workers and waits until every result is stored, order by order.

Runs in the peers' environment: `python drive.py {celery,dramatiq}`. An order is a line on standard input: a
way to submit, and a number of tasks (`singles 2000`). The seconds it took are printed as a line of JSON.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping

from database import database

COLLECTIONS = {"celery": "celery_taskmeta", "dramatiq": "dramatiq_results"}
GROUP = 500
POLL_SECONDS = 0.02
LIMIT_SECONDS = 120

Submit = Callable[[int], None]
"""Submits that many tasks."""


def celery_ways() -> Mapping[str, Submit]:
    """One task after another."""
    from celery_app import noop  # noqa: PLC0415 - only one of the two is wanted

    def singles(number: int) -> None:
        for _ in range(number):
            noop.delay()

    return {"singles": singles}


def dramatiq_ways() -> Mapping[str, Submit]:
    """One task after another, or in groups, each of which Dramatiq sends as so many messages."""
    import dramatiq  # noqa: PLC0415 - only one of the two is wanted
    from dramatiq_app import noop  # noqa: PLC0415 - only one of the two is wanted

    def singles(number: int) -> None:
        for _ in range(number):
            noop.send()

    def batches(number: int) -> None:
        for first in range(0, number, GROUP):
            dramatiq.group(noop.message() for _ in range(min(GROUP, number - first))).run()

    return {"singles": singles, "batches": batches}


def wait(peer: str, number: int) -> None:
    """Wait until that many results are stored; ends the program if they never are."""
    results, deadline = database()[COLLECTIONS[peer]], time.monotonic() + LIMIT_SECONDS
    while (stored := results.estimated_document_count()) < number:
        if time.monotonic() > deadline:
            sys.exit(f"{stored} of {number} results after {LIMIT_SECONDS} s")
        time.sleep(POLL_SECONDS)


def main() -> None:
    """Take orders until there are no more."""
    peer, wanted = sys.argv[1], 0
    ways = {"celery": celery_ways, "dramatiq": dramatiq_ways}[peer]()
    for order in sys.stdin:
        way, number = order.split()
        wanted += int(number)
        began, used = time.perf_counter(), time.process_time()
        ways[way](int(number))
        submitted = time.perf_counter() - began
        wait(peer, wanted)
        took = {
            "seconds": time.perf_counter() - began,
            "submit_seconds": submitted,
            "processor_seconds": time.process_time() - used,
        }
        sys.stdout.write(f"{json.dumps(took)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
