"""Checks whether a job may use its paths: inside the roots, and its results not among its sources.

The check never blocks the event loop. What the gateway cannot see is found out by the runner.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from taskmanager.errors import PathRefusedError
from taskmanager.files.listing import odd_kind
from taskmanager.files.overlap import misfit
from taskmanager.files.roots import Roots
from taskmanager.model.jobs import JobSpec
from taskmanager.model.reasons.coded_text import told
from taskmanager.model.reasons.job_texts import file_texts
from taskmanager_gateway.codes import problems
from taskmanager_gateway.http.problems import FILE_SYSTEM_SLOW, FieldError, ProblemError
from taskmanager_gateway.http.threads import DaemonThreads
from taskmanager_gateway.metrics import PATH_CHECKS_LATE

THREADS = 8
CHECK_TIME = timedelta(milliseconds=500)
CHECK_TIME_PER_JOB = timedelta(milliseconds=10)


class PathCheck:
    """Resolves links on the file system in threads, with a time limit."""

    def __init__(self, roots: Roots, time_limit: timedelta = CHECK_TIME) -> None:
        """`time_limit` is that of a check; a batch gets a little more for each further job."""
        self._roots = roots
        self._time_limit = time_limit
        self._threads = DaemonThreads(THREADS, "path-check")

    async def errors(
        self, specs: Sequence[JobSpec], in_place: Callable[[JobSpec], bool] = lambda _: False
    ) -> list[list[FieldError]]:
        """The errors in the paths of each job; raises ProblemError if the file system does not answer.

        `in_place`: whether a job may replace its own sources.
        """
        if not any(spec.source or spec.destination for spec in specs):
            return [[] for _ in specs]
        limit = self._time_limit + (len(specs) - 1) * CHECK_TIME_PER_JOB
        try:
            async with asyncio.timeout(limit.total_seconds()):
                return await self._threads.run(lambda: [self._look(spec, in_place) for spec in specs])
        except TimeoutError as error:
            PATH_CHECKS_LATE.inc()
            detail = problems.FOLDERS_SLOW()
            raise ProblemError(FILE_SYSTEM_SLOW, detail) from error

    def placed(self, spec: JobSpec) -> JobSpec:
        """The specification with its paths as they are on this machine; does not access the file system."""
        if not self._roots.mapping.pairs:
            return spec
        apply = self._roots.mapping.apply
        given = {"source": spec.source, "destination": spec.destination}
        return spec.model_copy(update={name: apply(path) for name, path in given.items() if path})

    def close(self) -> None:
        """Let the threads finish."""
        self._threads.close()

    def _look(self, spec: JobSpec, in_place: Callable[[JobSpec], bool]) -> list[FieldError]:
        errors: list[FieldError] = []
        source = self._resolved("source", spec.source, errors)
        destination = self._resolved("destination", spec.destination, errors)
        if source is not None and (kind := _odd_kind(source)) is not None:
            errors.append(FieldError.of_text("source", file_texts.SOURCE_NO_FILE(path=source, kind=kind)))
        if source is not None and destination is not None and not in_place(spec):
            reason = misfit(source, destination)
            errors += [FieldError.of_text("destination", reason)] if reason else []
        return errors

    def _resolved(self, field: str, path: str | None, errors: list[FieldError]) -> Path | None:
        try:
            return None if path is None else self._roots.resolve(path)
        except PathRefusedError as error:
            errors.append(FieldError.of_text(field, told(error)))
            return None


def _odd_kind(path: Path) -> str | None:
    try:
        return odd_kind(path.stat().st_mode)
    except OSError:
        return None
