"""How long a job waits before it is tried again.

Pure: the jitter comes from the job's id, not from chance.
"""

from datetime import timedelta
from zlib import crc32

from taskmanager.model.manifest import RetryPolicy

_SPREAD = 2**32


def waiting_time(policy: RetryPolicy, failures: int, job: str) -> timedelta:
    """The wait after so many failures in a row.

    Doubled each time, bounded, and spread over its upper half.
    """
    longest = min(policy.longest_wait_seconds, policy.first_wait_seconds * 2.0 ** min(failures - 1, 60))
    share = 0.5 + 0.5 * crc32(f"{job} {failures}".encode()) / _SPREAD
    return timedelta(milliseconds=round(longest * share * 1000))
