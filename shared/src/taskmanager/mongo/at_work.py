"""Which jobs may belong to a runner: known here, so that no index of jobs has to say it.

An index of owners would be written twice for every job, and would be the only one that a claim changes:
without it, granting a job touches no index. So the jobs in the queue are read once when this scheduler gets
the inbox, and from then on every grant is noted before it is stored. That makes the notes a superset of what
is stored; whoever searches by them asks the database for the jobs they name. A grant that another scheduler
stores after the jobs were read is noted when its message is redelivered, and at the latest when they are read
again.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from datetime import timedelta

from taskmanager.model.jobs import Job
from taskmanager.model.states import Tab
from taskmanager.mongo.base.all_plugins import over_all_plugins
from taskmanager.mongo.base.client import Database, translated_errors
from taskmanager.mongo.base.indexes import OWNED, TURN_INDEX

READ_AGAIN_AFTER = timedelta(minutes=1)
LONGER_THAN_READING = 100
"""The jobs are read again so many times later than reading them takes, if that is more than a minute.

A hundred thousand waiting jobs are read in a fifth of a second.
"""

Notes = defaultdict[str, set[str]]
"""Ids of jobs by the runner they may belong to."""


class JobsAtWork:
    """The ids of jobs that may have an owner, by owner."""

    def __init__(self, database: Database, seconds: Callable[[], float] = time.monotonic) -> None:
        """Knows nothing yet. `seconds` is a clock."""
        self._database = database
        self._seconds = seconds
        self._jobs: Notes = defaultdict(set)
        self._older: Notes = defaultdict(set)
        """What was noted before the jobs were last read.

        Of that, what is true was found then, or was just being stored and will be found the next time.
        """
        self._due: float | None = None
        """When the jobs are to be read again; None: before the next search."""
        self._forgotten = 0
        """How often; what was being read at that time does not count as all."""

    def forget(self) -> None:
        """Others may have granted jobs: all are read before the next search."""
        self._jobs.clear()
        self._older.clear()
        self.doubt()

    def doubt(self) -> None:
        """The same, but what is noted may still be true: a grant may yet be stored."""
        self._due = None
        self._forgotten += 1

    def note(self, jobs: Iterable[Job]) -> None:
        """These are stored, or are about to be."""
        for job in jobs:
            if job.owner is not None:
                self._jobs[job.owner].add(job.id)

    def settle(self, pairs: Iterable[tuple[Job | None, Job]]) -> None:
        """These changes are stored: what they released belongs to the runner no more."""
        for before, after in pairs:
            if before is not None and before.owner is not None and before.owner != after.owner:
                self.drop(before.owner, {before.id})

    def drop(self, runner: str, jobs: Collection[str]) -> None:
        """These turned out not to be the runner's."""
        for notes in (self._jobs, self._older):
            if runner in notes:
                notes[runner].difference_update(jobs)

    async def of(self, runner: str) -> frozenset[str]:
        """The jobs that may be this runner's."""
        await self._read_first()
        return frozenset(self._jobs.get(runner, set()) | self._older.get(runner, set()))

    async def all(self) -> frozenset[str]:
        """The jobs that may be anyone's."""
        await self._read_first()
        return frozenset().union(*self._jobs.values(), *self._older.values())

    async def read_again(self) -> None:
        """Note what is stored now, if it is time; raises StoreUnavailableError."""
        if self._due is None or self._seconds() >= self._due:
            with translated_errors():
                await self._read()

    async def _read_first(self) -> None:
        if self._due is None:
            await self._read()

    async def _read(self) -> None:
        began, forgotten = self._seconds(), self._forgotten
        queued = await over_all_plugins(self._database, {"tab": Tab.QUEUE.value, **OWNED})
        found = await self._database.jobs.find(queued, {"owner": 1}, hint=TURN_INDEX).to_list()
        self._older, self._jobs = self._jobs, defaultdict(set)
        for document in found:
            self._jobs[document["owner"]].add(document["_id"])
        if forgotten == self._forgotten:
            ended = self._seconds()
            self._due = ended + max(READ_AGAIN_AFTER.total_seconds(), LONGER_THAN_READING * (ended - began))
