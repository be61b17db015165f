"""Which ids of jobs can be part of a file name."""

import re

_JOB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")


def is_job_id(text: str) -> bool:
    """Whether a job's id can be part of a file name."""
    return _JOB_ID.fullmatch(text) is not None
