"""Delivery to one installation: in order per job, at least once, with growing waits, until given up.

Each installation has its own lane, so one that is slow or dead holds up no other. What a lane keeps in memory
only saves time; everything that matters is stored, so it may be killed at any point: what was sent but not
stored is sent again.
"""

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from taskmanager.model.reports import InstallationHealth, Report, ReportKind, ReportState
from taskmanager.ports.clock import Clock
from taskmanager.ports.report_store import Among, ReportStore
from taskmanager.process.logs import get_logger
from taskmanager.process.tracing import during
from taskmanager_scheduler.background.waits import wait_after
from taskmanager_scheduler.goobi.calls import Fate, Judgement
from taskmanager_scheduler.metrics import GOOBI_LAG, GOOBI_REPORTS, begin_installation

if TYPE_CHECKING:
    from taskmanager_scheduler.goobi.telling import Telling

JOBS_AT_ONCE = 100
"""Jobs whose reports are handled in one round."""
MANY = 20
"""If a round fails for this many jobs, the cause is not the jobs but Goobi or the settings."""
LONGEST_PAUSE = timedelta(seconds=60)
"""The longest wait between two attempts to reach an installation that accepts nothing."""
ANSWER_KEPT = 500

log = get_logger(__name__)


class Lane:
    """Delivers one installation's reports."""

    def __init__(
        self,
        name: str,
        among: Among,
        telling: "Telling",
        store: ReportStore,
        clock: Clock,
        *,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`among` holds the names by which jobs refer to the installation; `chance` randomises the waits."""
        self.name, self._among, self._telling = name, among, telling
        self._store, self._clock, self._chance = store, clock, chance
        self._failures = 0
        """Rounds in a row in which nothing was accepted."""
        self._paused_until: datetime | None = None
        self._since: datetime | None = None
        self._tried: set[str] = set()
        """Reports that were sent, but whose result may not be stored."""
        self._health = InstallationHealth(name=name)
        begin_installation(name)

    def begin_anew(self) -> None:
        """Another scheduler may have been active until now, so older reports may be delivered already."""
        self._since = self._clock.now()

    async def run_once(self) -> bool:
        """Deliver what is due; False if nothing was. Raises StoreUnavailableError."""
        now = self._clock.now()
        if self._paused_until is not None and now < self._paused_until:
            return False
        limit = JOBS_AT_ONCE if self._failures == 0 else self._telling.installation.concurrency
        due = await self._store.due(self._among, now=now, limit=limit)
        if not due:
            return False
        jobs = list(dict.fromkeys(report.job for report in due))
        pending = await self._store.pending_of(jobs)
        chains = [list(group) for _, group in groupby(pending, lambda one: one.job)]
        away = asyncio.Event()
        told = await self._tell_all(chains, await self._store.traces(jobs), now, away)
        self._conclude(told, away=away.is_set())
        await self._store.note_health(self._health)
        return True

    async def close(self) -> None:
        """Close the connections."""
        await self._telling.close()

    async def _tell_all(
        self,
        chains: Iterable[Sequence[Report]],
        traces: Mapping[str, str],
        now: datetime,
        away: asyncio.Event,
    ) -> list[bool]:
        """Whether each job's first report was accepted; jobs run concurrently, up to the configured limit.

        Lines of the log name the job's trace, if it is in `traces`.
        """
        slots = asyncio.Semaphore(self._telling.installation.concurrency)

        async def tell(chain: Sequence[Report]) -> bool | None:
            async with slots:
                with during(traces.get(chain[0].job)):
                    return None if away.is_set() else await self._tell_chain(chain, now, away)

        results = await asyncio.gather(*map(tell, chains), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return [result for result in results if isinstance(result, bool)]

    async def _tell_chain(self, chain: Sequence[Report], now: datetime, away: asyncio.Event) -> bool | None:
        """Deliver one job's reports in order until one fails; whether any succeeded, None if none was due."""
        for number, report in enumerate(chain):
            if report.next_try is not None and report.next_try > now:
                await self._store.postpone(report.job, report.next_try)
                return True if number else None
            if report.kind is ReportKind.ERROR_STEP and not await self._is_pending(report):
                continue  # its job was retried in the meantime
            judgement = await self._tell(report)
            after = self._after(report, judgement)
            await self._keep(report, after, judgement)
            if after.state is ReportState.PENDING:
                if after.next_try is not None:
                    await self._store.postpone(report.job, after.next_try)
                if judgement.fate is Fate.AWAY:
                    away.set()
                return number > 0
        return True

    async def _is_pending(self, report: Report) -> bool:
        return any(one.id == report.id for one in await self._store.pending_of([report.job]))

    async def _tell(self, report: Report) -> Judgement:
        older = self._since is not None and report.created <= self._since
        doubtful = report.attempts > 0 or older or report.id in self._tried
        self._tried.add(report.id)
        try:
            return await self._telling.tell(report, doubtful=doubtful)
        except Exception as error:
            # An unexpected error in one report must not hold up all others.
            log.exception("report_failed", report=report.id)
            return Judgement(Fate.AGAIN, f"a defect of the scheduler: {type(error).__name__}")

    def _after(self, report: Report, judgement: Judgement) -> Report:
        """The report with the result of this attempt."""
        now = self._clock.now()
        fields: dict[str, object] = {
            "attempts": report.attempts + 1,
            "last_answer": judgement.words[:ANSWER_KEPT],
            "rev": report.rev + 1,
        }
        if judgement.fate is Fate.DONE:
            fields |= {"state": ReportState.DELIVERED, "delivered_at": now, "next_try": None}
        elif judgement.fate is Fate.REFUSED or now - report.since >= self._telling.installation.give_up_after:
            fields |= {"state": ReportState.GIVEN_UP, "next_try": None}
        else:
            longest = self._telling.installation.longest_wait
            if judgement.fate is Fate.AWAY:
                longest = min(longest, LONGEST_PAUSE)  # once it is back, it should soon get everything
            fields["next_try"] = now + wait_after(report.attempts + 1, longest, self._chance())
        return report.model_copy(update=fields)

    async def _keep(self, before: Report, after: Report, judgement: Judgement) -> None:
        if not await self._store.settle(after):
            log.info("report_changed_meanwhile", report=before.id)
        self._tried.discard(before.id)
        GOOBI_REPORTS.labels(self.name, after.kind.value, _outcome(after)).inc()
        if after.state is ReportState.DELIVERED:
            lag = max(timedelta(0), self._clock.now() - after.created)
            GOOBI_LAG.labels(self.name, after.kind.value).observe(lag.total_seconds())
            self._note(last_success=self._clock.now())
            log.info("report_delivered", report=after.id, kind=after.kind, installation=self.name)
            return
        self._note(last_failure=self._clock.now(), last_answer=after.last_answer)
        event = "report_given_up" if after.state is ReportState.GIVEN_UP else "report_not_taken"
        log.warning(
            event, report=after.id, kind=after.kind, installation=self.name, attempts=after.attempts,
            answer=judgement.words, next_try=after.next_try,
        )  # fmt: skip

    def _note(self, **fields: object) -> None:
        self._health = self._health.model_copy(update=fields)

    def _conclude(self, told: Sequence[bool], *, away: bool) -> None:
        """If nothing, or nothing of many, is accepted, try less and less often and with few requests.

        A few reports that Goobi does not accept wait on their own: they must not hold up what it would
        accept.
        """
        if any(told):
            away = False
        elif not away:
            away = len(told) >= (self._telling.installation.concurrency if self._failures else MANY)
        if not away:
            self._failures, self._paused_until = 0, None
            return
        self._failures += 1
        longest = min(LONGEST_PAUSE, self._telling.installation.longest_wait)
        self._paused_until = self._clock.now() + wait_after(self._failures, longest, self._chance())


def _outcome(report: Report) -> str:
    return {"delivered": "delivered", "given_up": "given_up", "pending": "failed"}[report.state.value]
