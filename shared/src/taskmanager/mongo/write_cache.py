"""What this process has just written, so that it need not read it again.

Only a guess at what is stored: whatever is decided on it is written under a `rev`, and forgotten when that
turns out to be another's. Bounded; ended jobs are not kept.
"""

from collections import OrderedDict
from collections.abc import Iterable

from taskmanager.model.jobs import Job
from taskmanager.model.registry import InstalledPlugin

MOST_JOBS = 2_000
"""About 10 MB. More jobs than that are not at work at once on what one scheduler serves."""


class WriteCache:
    """Jobs and plugins as this process last saw them."""

    def __init__(self) -> None:
        """Knows nothing yet."""
        self.jobs: OrderedDict[str, Job] = OrderedDict()
        self.plugins: dict[str, InstalledPlugin] = {}

    def keep_jobs(self, jobs: Iterable[Job]) -> None:
        """They are stored like this; of two states of one job the later counts."""
        for job in jobs:
            known = self.jobs.pop(job.id, None)
            if not job.status.final:
                self.jobs[job.id] = known if known is not None and known.rev > job.rev else job
        while len(self.jobs) > MOST_JOBS:
            self.jobs.popitem(last=False)

    def renew_jobs(self, jobs: Iterable[Job]) -> None:
        """The same for jobs that are known already; others are not worth the room."""
        self.keep_jobs([job for job in jobs if job.id in self.jobs])

    def keep_plugins(self, plugins: Iterable[InstalledPlugin]) -> None:
        """They are stored like this; of two states of one plugin the later counts."""
        for plugin in plugins:
            known = self.plugins.get(plugin.name)
            if known is None or known.rev <= plugin.rev:
                self.plugins[plugin.name] = plugin

    def forget(self) -> None:
        """Others may have written since."""
        self.jobs.clear()
        self.plugins.clear()
