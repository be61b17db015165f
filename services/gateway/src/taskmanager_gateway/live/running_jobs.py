"""Which jobs are running: known here, so that a list can begin with them however many wait before them.

No index contains only running jobs, because granting one would then cost the scheduler a write to it. So they
are read once, and from then on every change that the scheduler announces is noted. The notes may be late, and
whoever uses them reads the jobs again.
"""

from collections import defaultdict

from taskmanager.errors import StoreUnavailableError
from taskmanager.messages import Change
from taskmanager.ports.readers import JobReader
from taskmanager.process.logs import get_logger
from taskmanager_gateway.http.deadlines import LOOKUP_TIME, from_store
from taskmanager_gateway.http.single_flight import SingleFlight

READ_AT_MOST = 2_000
"""More jobs than run at once anywhere."""

log = get_logger(__name__)


class RunningJobs:
    """The ids of the jobs that probably run, by plugin."""

    def __init__(self, reader: JobReader) -> None:
        """Knows nothing yet."""
        self._reader = reader
        self._ids: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self._read = False
        self._reading = SingleFlight[None]("running_jobs")

    def note(self, change: Change) -> None:
        """The job has changed."""
        if change.status.running:
            self._ids[change.plugin][change.job] = None
        elif change.plugin in self._ids:
            self._ids[change.plugin].pop(change.job, None)

    def doubt(self) -> None:
        """Changes may have been missed: all are read before the next answer."""
        self._read = False

    async def of(self, plugin: str) -> tuple[str, ...]:
        """The jobs of this plugin that probably run; without the database, those that are known."""
        if not self._read:
            try:
                await from_store(self._reading.get(self._read_all), LOOKUP_TIME)
            except StoreUnavailableError as error:
                log.debug("running_jobs_not_read", plugin=plugin, error=str(error))
        return tuple(self._ids.get(plugin, ()))

    async def _read_all(self) -> None:
        """What is noted while reading is kept, too; what was noted before and is not found runs no more."""
        before = {(plugin, job) for plugin, jobs in self._ids.items() for job in jobs}
        found = await from_store(self._reader.at_work(READ_AT_MOST))
        running = {(one.plugin, one.job) for one in found if one.status.running}
        for plugin, job in before - running:
            self._ids[plugin].pop(job, None)
        for plugin, job in running:
            self._ids[plugin][job] = None
        self._read = True
