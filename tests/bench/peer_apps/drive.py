"""Submits tasks to a peer's workers, waits until every result is stored and prints what it took as JSON.

Runs in the peers' environment: `python drive.py {celery,dramatiq} <warm-up tasks> <tasks>`.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from pymongo import MongoClient
from pymongo.collection import Collection

COLLECTIONS = {"celery": "celery_taskmeta", "dramatiq": "dramatiq_results"}
POLL_SECONDS = 0.02
LIMIT_SECONDS = 120


def submitter(peer: str) -> Callable[[], object]:
    """A function that submits one task."""
    if peer == "celery":
        import celery_app  # noqa: PLC0415 - only one of the two is wanted

        return celery_app.noop.delay  # type: ignore[no-any-return]
    import dramatiq_app  # noqa: PLC0415 - only one of the two is wanted

    return dramatiq_app.noop.send  # type: ignore[no-any-return]


def wait(results: Collection[dict[str, Any]], number: int) -> None:
    """Wait until that many results are stored; ends the program if they never are."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while (stored := results.estimated_document_count()) < number:
        if time.monotonic() > deadline:
            sys.exit(f"{stored} of {number} results after {LIMIT_SECONDS} s")
        time.sleep(POLL_SECONDS)


def say(line: str) -> None:
    """Print a line for the program that started this one."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Warm up, print `ready`, wait for a line so that others can read their clocks, and measure."""
    peer, warm, number = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    submit = submitter(peer)
    client = MongoClient[dict[str, Any]](os.environ["PEER_MONGODB_URL"])
    results = client.get_default_database()[COLLECTIONS[peer]]
    for _ in range(warm):
        submit()
    wait(results, warm)
    say("ready")
    sys.stdin.readline()
    began, used = time.perf_counter(), time.process_time()
    for _ in range(number):
        submit()
    submitted = time.perf_counter() - began
    wait(results, warm + number)
    took = {
        "seconds": time.perf_counter() - began,
        "submit_seconds": submitted,
        "processor_seconds": time.process_time() - used,
    }
    say(json.dumps(took))


if __name__ == "__main__":
    main()
