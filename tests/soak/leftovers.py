"""Finds job processes that outlived the system, including stopped ones, by their working folder."""

from pathlib import Path

from tests.remains import require_none, working_in
from tests.soak.evidence import Verdict

END_SECONDS = 20.0


def ended_with_their_runners(folder: Path, *, within_seconds: float = END_SECONDS) -> Verdict:
    """Check below `folder` after all services have ended; processes that are ending are given time."""
    verdict = Verdict("P", "no process of a job outlives its runner")
    try:
        require_none(folder, within_seconds=within_seconds)
    except AssertionError:
        left = working_in(folder)
        verdict.check(not left, f"still there: {'; '.join(left)}")
    return verdict
