"""Converts the files of one job, several at a time. Knows no tool and no template."""

import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from taskmanager.errors import JobFailedError
from taskmanager.model.jobs import FileRecord, FileState
from taskmanager.model.reasons.coded_text import told
from taskmanager.model.reasons.job_texts import file_texts
from taskmanager.plugin_api.interface import JobContext

PARALLEL_DEFAULT_MAX = 4
"""Without a setting, no job uses more processors than this: others share the machine and its memory."""


def default_parallel() -> int:
    """Concurrent files if nothing is configured: one per processor this process may use, up to a limit."""
    return min(PARALLEL_DEFAULT_MAX, len(os.sched_getaffinity(0)))


def for_each_file(
    context: JobContext, files: Sequence[Path], convert: Callable[[Path], None], parallel: int
) -> None:
    """Convert every file, at most `parallel` at a time, with a checkpoint and a progress report in between.

    After the first failure no further file is started; those in progress are finished, then the failure is
    raised, as a JobFailedError that begins with the name of its file.
    """
    workers = _Workers(context, len(files))
    waiting = deque(files)
    with ThreadPoolExecutor(max_workers=parallel) as pool:
        while waiting or workers.at_work:
            if waiting and len(workers.at_work) < parallel:
                context.checkpoint()
                file = waiting.popleft()
                workers.start(file, pool.submit(_named, context, convert, file))
            else:
                workers.collect()
    context.progress(workers.done, len(files))


def _named(context: JobContext, convert: Callable[[Path], None], file: Path) -> None:
    try:
        context.wait_for(file)
        convert(file)
    except JobFailedError as error:
        context.record(FileRecord(name=file.name, state=FileState.FAILED, error=told(error)))
        raise type(error)(file_texts.OF_FILE(name=file.name, error=error)) from error


class _Workers:
    """The conversions in progress, oldest first, and the number that are done."""

    def __init__(self, context: JobContext, total: int) -> None:
        self.at_work: dict[Future[None], Path] = {}
        self.done = 0
        self._context = context
        self._total = total

    def start(self, file: Path, future: Future[None]) -> None:
        self.at_work[future] = file
        self._tell()

    def collect(self) -> None:
        """Wait for at least one to finish; raises the error of one that failed."""
        for future in wait(self.at_work, return_when=FIRST_COMPLETED).done:
            del self.at_work[future]
            future.result()
            self.done += 1
        self._tell()

    def _tell(self) -> None:
        current = next(iter(self.at_work.values()), None)
        self._context.progress(self.done, self._total, current.name if current else None)
