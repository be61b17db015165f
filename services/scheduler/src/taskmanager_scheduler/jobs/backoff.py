"""How long a job waits before it is retried.

Pure: the jitter is derived from the job's id, not random.
"""

from datetime import timedelta
from zlib import crc32

from taskmanager.model.manifest import RetryPolicy

_SPREAD = 2**32


def waiting_time(policy: RetryPolicy, failures: int, job: str) -> timedelta:
    """The wait after this many failures in a row.

    Doubled each time, capped, with jitter over its upper half.
    """
    longest = min(policy.longest_wait_seconds, policy.first_wait_seconds * 2.0 ** min(failures - 1, 60))
    share = 0.5 + 0.5 * crc32(f"{job} {failures}".encode()) / _SPREAD
    return timedelta(milliseconds=round(longest * share * 1000))
