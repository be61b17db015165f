"""What a plugin page reads: a handful of small reads, none of which grows with the number of jobs."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from pydantic import ValidationError

from taskmanager.errors import CursorError, StoreUnavailableError
from taskmanager.model.access import Principal
from taskmanager.model.hourly_figures import Figures, total
from taskmanager.model.jobs import Job
from taskmanager.model.queries import IDS_LIMIT, PAGE_LIMIT, JobPage, JobQuery, Position, Sort
from taskmanager.model.states import Tab
from taskmanager.process.logs import get_logger
from taskmanager_gateway.codes import problems
from taskmanager_gateway.http.deadlines import LOOKUP_TIME, from_store
from taskmanager_gateway.http.problems import UNKNOWN_PLUGIN, ProblemError
from taskmanager_gateway.services import Services
from taskmanager_gateway.web.jobs.rows import Places, Row, first_waiting, places_of, rows_of, scattered_places
from taskmanager_gateway.web.plugins.listing import PluginListAddress
from taskmanager_gateway.web.shell.plugin_overview import Overview

DAY = timedelta(hours=24)

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ShownPage:
    """One page of the list. `stale`: the cursor belonged to another list, so this is the first page."""

    listing: PluginListAddress
    rows: Sequence[Row]
    next_cursor: str | None
    stale: bool = False


class PluginReading:
    """Reads for one plugin and one reader."""

    def __init__(self, services: Services, overview: Overview, name: str, who: Principal) -> None:
        """`overview` has already been read."""
        self._services, self._overview, self._name, self._who = services, overview, name, who

    async def page(self, listing: PluginListAddress) -> ShownPage:
        """The jobs the address asks for; raises ProblemError for a plugin whose name cannot be valid."""
        listing = listing.at_moment(self._services.clock.now())
        try:
            found, stale = await self._found(listing), False
        except CursorError:
            listing = listing.first.at_moment(self._services.clock.now())
            found, stale = await self._found(listing), True
        places = await self._places(found.jobs, in_turn=listing.in_turn) if listing.tab is Tab.QUEUE else None
        return ShownPage(listing, self._rows(found.jobs, listing.tab, places), found.next_cursor, stale)

    async def rows(
        self, shown: Sequence[str], changed: Sequence[str], tab: Tab, *, in_turn: bool
    ) -> tuple[list[Row], Places]:
        """Current rows for those of the `shown` jobs that are in `changed`, and the places of all."""
        wanted = shown if tab is Tab.QUEUE else changed
        own = await self._named(wanted)
        places = await self._places(own, in_turn=in_turn) if tab is Tab.QUEUE else None
        renewed = [job for job in own if job.id in set(changed)]
        return self._rows(renewed, tab, places), places or Places({})

    async def figures(self) -> Figures | None:
        """The figures of the last 24 hours; None if they cannot be read quickly."""
        since = self._services.clock.now() - DAY
        try:
            return total(await from_store(self._services.reader.hourly(since, self._name), LOOKUP_TIME))
        except StoreUnavailableError as error:
            log.debug("figures_not_read", plugin=self._name, error=str(error))
            return None

    def _rows(self, jobs: Sequence[Job], tab: Tab, places: Places | None) -> list[Row]:
        return rows_of(jobs, tab, self._who, self._overview.around(self._name), places)

    async def _found(self, listing: PluginListAddress) -> JobPage:
        try:
            query = listing.query(self._name, self._services.clock.now())
        except ValidationError as error:
            raise unknown_plugin(self._name) from error
        if query.sort is not Sort.TURN:
            return await from_store(self._services.reader.jobs(query))
        return await self._running_first(query)

    async def _running_first(self, query: JobQuery) -> JobPage:
        """The list by turn: its first page begins with the jobs that run, wherever their turn is."""
        known = await self._services.running.of(self._name)
        first = await self._running(query, known) if query.cursor is None else ()
        rest = query.model_copy(update={"limit": max(query.limit - len(first), 1)})
        page = await from_store(self._services.reader.jobs(rest))
        shown_first = {job.id for job in first} if query.cursor is None else set(known)
        others = [job for job in page.jobs if not (job.status.running and job.id in shown_first)]
        if query.cursor is None:  # one may have begun after the first ones were read
            others.sort(key=lambda job: not job.status.running)
        return JobPage(jobs=(*first, *others), next_cursor=page.next_cursor)

    async def _running(self, query: JobQuery, known: Sequence[str]) -> Sequence[Job]:
        """Those of the jobs known to run that belong to the list, at most a page of the largest size."""
        if not known or (query.status is not None and not query.status.running):
            return ()
        named = query.model_copy(update={"ids": tuple(known[:IDS_LIMIT]), "limit": PAGE_LIMIT})
        found = (await from_store(self._services.reader.jobs(named))).jobs
        return [job for job in found if job.status.running]

    async def _named(self, wanted: Sequence[str]) -> Sequence[Job]:
        if not wanted:
            return ()
        query = JobQuery(plugin=self._name, ids=tuple(wanted), limit=PAGE_LIMIT)
        return (await from_store(self._services.reader.jobs(query))).jobs

    async def _places(self, jobs: Sequence[Job], *, in_turn: bool) -> Places:
        """The places of waiting jobs; none if counting takes too long.

        `in_turn`: no others wait between them.
        """
        first, reader = first_waiting(jobs), self._services.reader
        if first is None:
            return Places({})
        try:
            if not in_turn:
                return scattered_places(jobs, await from_store(reader.places(jobs), LOOKUP_TIME))
            before: Position = await from_store(reader.position(first), LOOKUP_TIME)
        except StoreUnavailableError as error:
            log.debug("places_not_counted", plugin=self._name, error=str(error))
            return Places({})
        return places_of(jobs, before)


async def read_page(
    services: Services, overview: Overview, name: str, who: Principal, listing: PluginListAddress
) -> tuple[ShownPage, Figures | None]:
    """The list and, for finished jobs, the figures; raises ProblemError if nothing has that name."""
    reading = PluginReading(services, overview, name, who)
    if listing.tab is Tab.DONE:
        page, figures = await asyncio.gather(reading.page(listing), reading.figures())
    else:
        page, figures = await reading.page(listing), None
    if not page.rows and overview.current and overview.plugin(name) is None and not listing.filtered:
        raise unknown_plugin(name)
    return page, figures


def unknown_plugin(name: str) -> ProblemError:
    """The 404 error for a plugin of that name."""
    detail = problems.NO_JOB_OF_PLUGIN(plugin=name[:80])
    return ProblemError(UNKNOWN_PLUGIN, detail)
