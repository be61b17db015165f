"""Pages of operations that were read with their jobs before the step that needs them.

Only a guess at what is stored, like the write cache: a decision based on it is written under a `rev`. What
this process itself writes meanwhile is left out of it, so that a step seldom has to be decided again.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from taskmanager.model.jobs import Job
from taskmanager.mongo.base.client import Database, translated_errors
from taskmanager.mongo.base.documents import from_document
from taskmanager.mongo.base.unreadable import readable
from taskmanager.mongo.operations.writes import OperationWrites

MOST_PAGES = 20
"""Those of a few operations at once; of any more, the pages that were read first are read again."""


@dataclass(slots=True)
class Read:
    """Ids by page, and those of the jobs on these pages that were found and have not changed since."""

    pages: dict[str, tuple[str, ...]] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)


class PagesAhead:
    """Reads pages and gives each away once."""

    def __init__(self, database: Database, operations: OperationWrites) -> None:
        """Reads from this database."""
        self._database, self._operations = database, operations
        self._pages: OrderedDict[str, Read] = OrderedDict()
        self._under_way: dict[int, set[str]] = {}
        """For each call of `read` that is under way: the jobs that have changed since it began."""
        self._calls = 0

    async def read(self, keys: frozenset[str]) -> None:
        """Read these pages unless they are there already; raises StoreUnavailableError."""
        self._calls += 1
        call, changed = self._calls, set[str]()
        self._under_way[call] = changed
        try:
            with translated_errors():
                listed = await self._operations.load_pages(keys - self._pages.keys())
                for key in sorted(listed):
                    cursor = self._database.jobs.find({"_id": {"$in": list(listed[key])}})
                    jobs = readable("jobs", from_document, await cursor.to_list())
                    unchanged = {job.id: job for job in jobs if job.id not in changed}
                    self._pages[key] = Read({key: listed[key]}, unchanged)
        finally:
            del self._under_way[call]
        while len(self._pages) > MOST_PAGES:
            self._pages.popitem(last=False)

    def take(self, keys: Iterable[str]) -> Read:
        """Those of the pages that were read, which are then forgotten here."""
        taken = Read()
        for key in keys:
            if (page := self._pages.pop(key, None)) is not None:
                taken.pages |= page.pages
                taken.jobs |= page.jobs
        return taken

    def changed(self, jobs: Iterable[str]) -> None:
        """These have been written: what was read of them before is outdated."""
        ids = set(jobs)
        for outdated in self._under_way.values():
            outdated.update(ids)
        for page in self._pages.values():
            for job_id in ids & page.jobs.keys():
                del page.jobs[job_id]

    def forget(self) -> None:
        """Drop everything: others may have written since."""
        self._pages.clear()
