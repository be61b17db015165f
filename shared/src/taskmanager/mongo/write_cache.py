"""What this process has just written, so that it need not read it again.

Only a guess at what is stored: a decision based on it is written under a `rev`, and the guess is dropped if
the stored `rev` differs. Bounded; ended jobs are not kept.
"""

from collections import OrderedDict
from collections.abc import Iterable

from taskmanager.model.jobs import Job
from taskmanager.model.registry import InstalledPlugin

MOST_JOBS = 4_000
"""About 13 MB: 3 KB each. One scheduler's plugins never have more jobs at work at once."""


class WriteCache:
    """Jobs and plugins as this process last saw them."""

    def __init__(self) -> None:
        """Knows nothing yet."""
        self.jobs: OrderedDict[str, Job] = OrderedDict()
        self.plugins: dict[str, InstalledPlugin] = {}

    def keep_jobs(self, jobs: Iterable[Job]) -> None:
        """Remember the jobs as stored; of two states of one job the later one counts."""
        for job in jobs:
            known = self.jobs.pop(job.id, None)
            if not job.status.final:
                self.jobs[job.id] = known if known is not None and known.rev > job.rev else job
        while len(self.jobs) > MOST_JOBS:
            self.jobs.popitem(last=False)

    def renew_jobs(self, jobs: Iterable[Job]) -> None:
        """The same for jobs that are already known; others are not worth the memory."""
        self.keep_jobs([job for job in jobs if job.id in self.jobs])

    def keep_plugins(self, plugins: Iterable[InstalledPlugin]) -> None:
        """Remember the plugins as stored; of two states of one plugin the later one counts."""
        for plugin in plugins:
            known = self.plugins.get(plugin.name)
            if known is None or known.rev <= plugin.rev:
                self.plugins[plugin.name] = plugin

    def forget(self) -> None:
        """Drop everything: others may have written since."""
        self.jobs.clear()
        self.plugins.clear()
