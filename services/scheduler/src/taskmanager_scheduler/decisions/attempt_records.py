"""What a runner tells of an attempt beside its state, as it is stored: its log and its files. Pure."""

from datetime import datetime

from taskmanager.messages import FilesRecorded, Logged
from taskmanager.model.jobs import Job
from taskmanager.model.registry import LogBlock, StoredFile


def log_block(event: Logged) -> LogBlock:
    """Kept whatever attempt it is of: a log shows them all, one after the other."""
    return LogBlock(job=event.job, attempt=event.attempt, seq=event.seq, lines=event.lines)


def stored_files(job: Job | None, event: FilesRecorded, now: datetime) -> list[StoredFile]:
    """None but those of the last attempt, for no others are ever shown."""
    if job is None or job.attempt != event.attempt:
        return []
    return [
        StoredFile(job=event.job, attempt=event.attempt, number=number, at=now, file=file)
        for number, file in enumerate(event.files, event.first)
    ]
