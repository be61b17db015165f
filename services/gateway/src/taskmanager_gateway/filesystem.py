"""Whether the paths of jobs lie inside the roots, asked without ever holding up the event loop."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from taskmanager.errors import PathRefusedError
from taskmanager.jobs import JobSpec
from taskmanager.paths import Roots
from taskmanager_gateway.metrics import PATH_CHECKS_LATE
from taskmanager_gateway.problems import FILE_SYSTEM_SLOW, FieldError, ProblemError, shortened
from taskmanager_gateway.threads import DaemonThreads

THREADS = 8
CHECK_TIME = timedelta(milliseconds=500)
CHECK_TIME_PER_JOB = timedelta(milliseconds=10)


class PathCheck:
    """Follows links on the file system in threads, with a time limit."""

    def __init__(self, roots: Roots, time_limit: timedelta = CHECK_TIME) -> None:
        """`time_limit` bounds a check; a batch gets a little more for each of its jobs."""
        self._roots = roots
        self._time_limit = time_limit
        self._threads = DaemonThreads(THREADS, "path-check")

    async def errors(self, specs: Sequence[JobSpec]) -> list[list[FieldError]]:
        """What is wrong with the paths of each; raises ProblemError if the file system does not answer."""
        if not any(spec.source or spec.destination for spec in specs):
            return [[] for _ in specs]
        limit = self._time_limit + (len(specs) - 1) * CHECK_TIME_PER_JOB
        try:
            async with asyncio.timeout(limit.total_seconds()):
                return await self._threads.run(lambda: [self._look(spec) for spec in specs])
        except TimeoutError as error:
            PATH_CHECKS_LATE.inc()
            detail = (
                "The folders of the job could not be looked at in time; a network drive may hang. Try again."
            )
            raise ProblemError(FILE_SYSTEM_SLOW, detail) from error

    def placed(self, spec: JobSpec) -> JobSpec:
        """The specification with its paths as they are on this machine; nothing is looked up."""
        if not self._roots.mapping.pairs:
            return spec
        apply = self._roots.mapping.apply
        given = {"source": spec.source, "destination": spec.destination}
        return spec.model_copy(update={name: apply(path) for name, path in given.items() if path})

    def close(self) -> None:
        """Let the threads end."""
        self._threads.close()

    def _look(self, spec: JobSpec) -> list[FieldError]:
        named = {"source": spec.source, "destination": spec.destination}
        found = ((name, self._reason(path)) for name, path in named.items() if path is not None)
        return [FieldError(field=name, message=reason) for name, reason in found if reason]

    def _reason(self, path: str) -> str | None:
        try:
            self._roots.resolve(path)
        except PathRefusedError as error:
            return shortened(str(error))
        return None
