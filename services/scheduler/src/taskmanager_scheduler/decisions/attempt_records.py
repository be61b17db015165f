"""What a runner reports about an attempt in addition to its state, as stored: log and files. Pure."""

from datetime import datetime

from taskmanager.messages import FilesRecorded, Logged
from taskmanager.model.jobs import Job
from taskmanager.model.registry import LogBlock, StoredFile


def log_block(event: Logged) -> LogBlock:
    """Stored whichever attempt it belongs to: a log shows all attempts, one after the other."""
    return LogBlock(job=event.job, attempt=event.attempt, seq=event.seq, lines=event.lines)


def stored_files(job: Job | None, event: FilesRecorded, now: datetime) -> list[StoredFile]:
    """Only those of the latest attempt, since no others are ever shown."""
    if job is None or job.attempt != event.attempt:
        return []
    return [
        StoredFile(job=event.job, attempt=event.attempt, number=number, at=now, file=file)
        for number, file in enumerate(event.files, event.first)
    ]
