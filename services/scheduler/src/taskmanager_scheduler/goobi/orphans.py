"""Reports of jobs whose installation is no longer configured: given up with a reason, to be replayed."""

from taskmanager.goobi.settings import GoobiSettings
from taskmanager.model.reports import ReportState
from taskmanager.ports.clock import Clock
from taskmanager.ports.report_store import Among, ReportStore

AT_ONCE = 200


class Orphans:
    """Has the same interface as a lane."""

    def __init__(self, among: Among, settings: GoobiSettings, store: ReportStore, clock: Clock) -> None:
        """`among` matches all names that are not in the settings."""
        self._among, self._settings, self._store, self._clock = among, settings, store, clock

    async def run_once(self) -> bool:
        """Give up what is due; False if nothing was. Raises StoreUnavailableError."""
        due = await self._store.due(self._among, now=self._clock.now(), limit=AT_ONCE)
        for report in due:
            reason = self._settings.misfit(report.installation) or ""
            fields = {"state": ReportState.GIVEN_UP, "last_answer": reason, "next_try": None}
            await self._store.settle(report.model_copy(update={**fields, "rev": report.rev + 1}))
        return bool(due)
