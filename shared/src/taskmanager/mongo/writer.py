"""The scheduler's writes: load what a group needs, let a pure function decide, write all or nothing.

Each job and plugin is written under its `rev`; for a job that is left unchanged, the known `rev` is checked.
If another scheduler was faster, or the known data was outdated, nothing is written and the whole group is
decided again.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import datetime
from itertools import count
from typing import Protocol, TypeVar

from pymongo import AsyncMongoClient
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import BulkWriteError

from taskmanager.errors import StoreUnavailableError
from taskmanager.model.jobs import Job
from taskmanager.model.operations import Listing, Operation
from taskmanager.model.registry import InstalledPlugin
from taskmanager.model.states import Status, Tab
from taskmanager.mongo.access.writes import AccessWrites
from taskmanager.mongo.at_work import JobsAtWork
from taskmanager.mongo.base.client import Database, Document, bounded, connect, translated_errors
from taskmanager.mongo.base.documents import from_document
from taskmanager.mongo.base.keyset import TURN_KEYS, after_key
from taskmanager.mongo.base.unreadable import first_readable, readable
from taskmanager.mongo.counters import CANNOT_ADD, mend_counters
from taskmanager.mongo.operations.ahead import PagesAhead
from taskmanager.mongo.operations.writes import OperationWrites
from taskmanager.mongo.plan_writes import CollisionError, PlanWrites
from taskmanager.mongo.snapshot_loader import SnapshotLoader
from taskmanager.mongo.write_cache import WriteCache
from taskmanager.ports.store import Needs, Plan, Snapshot
from taskmanager.process.clock import whole_milliseconds
from taskmanager.process.logs import get_logger
from taskmanager.process.metrics import TRANSACTION_RETRIES

PlanT = TypeVar("PlanT", bound=Plan)

COLLISIONS = 5
"""How often a group is decided again at once; after that it waits as it does when the database is down."""

log = get_logger(__name__)


class PlanChange(Protocol):
    """Makes a changed plan from a plan."""

    def __call__(self, plan: PlanT, /) -> PlanT:
        """The changed plan."""


def unchanged(plan: PlanT) -> PlanT:
    """The plan as it is."""
    return plan


class MongoStore:
    """Implements `taskmanager.ports.store.Store`."""

    def __init__(
        self, url: str, *, last_change: PlanChange = unchanged, beside: "MongoStore | None" = None
    ) -> None:
        """Connects when first used. `last_change`, a pure function, is applied to every plan to write.

        A store `beside` another one uses its connections; it neither waits for it nor knows what it knows.
        """
        self._last_change = last_change
        self._client, self._database = connect(url) if beside is None else beside.connected
        self._operations = OperationWrites(self._database)
        access = AccessWrites(self._database)
        self._writing = PlanWrites(self._database, self._operations, access)
        self._known = WriteCache()
        self._at_work = JobsAtWork(self._database)
        self._ahead = PagesAhead(self._database, self._operations)
        self._loading = SnapshotLoader(
            self._database, self._operations, access, self._known, self._at_work, self._ahead
        )
        self._turn = asyncio.Lock()

    @property
    def connected(self) -> tuple[AsyncMongoClient[Document], Database]:
        """The connections, for a store beside this one."""
        return self._client, self._database

    @property
    def database(self) -> Database:
        """For migrations."""
        return self._database

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def time(self) -> datetime:
        """The database's clock."""
        with translated_errors():
            answer = await self._database.command("hello", codec_options=self._database.codec_options)
        moment: datetime = answer["localTime"]
        return whole_milliseconds(moment)

    async def look_anew(self) -> None:
        """Read everything again, as others may have written; call it when this scheduler was idle until now.

        Nothing that was read before is kept afterwards.
        """
        async with self._turn:
            self._known.forget()
            self._at_work.forget()
            self._ahead.forget()

    async def apply(self, needs: Needs, decide: Callable[[Snapshot], PlanT]) -> PlanT:
        """See the port. One call at a time, so that this process never collides with itself."""
        if needs.leases_before:
            await self._at_work.read_again()
        async with self._turn:
            try:
                async with bounded():
                    return await self._decided(needs, decide)
            except StoreUnavailableError:
                self._known.forget()  # the outcome of the write is unknown
                self._at_work.doubt()
                self._ahead.forget()
                raise

    async def _decided(self, needs: Needs, decide: Callable[[Snapshot], PlanT]) -> PlanT:
        trusting = True
        for _ in range(COLLISIONS):
            snapshot, guessed = await self._loading.snapshot(needs, trusting=trusting)
            plan = self._last_change(decide(snapshot))
            self._at_work.note(after for _, after in plan.jobs)
            try:
                await self._confirm(guessed, plan)
                await self._write(plan)
            except CollisionError as error:
                log.info("decided_anew", why=str(error))
                TRANSACTION_RETRIES.labels("collision").inc()
                trusting = False
                continue
            except BulkWriteError as error:
                if not _cannot_add(error) or not await mend_counters(self._database, plan):
                    raise
                TRANSACTION_RETRIES.labels("counters").inc()
                trusting = False
                continue
            self._at_work.settle(plan.jobs)
            keep = self._known.renew_jobs if plan.operations else self._known.keep_jobs
            keep(after for _, after in plan.jobs)  # the jobs of an operation's page are not at work
            self._known.keep_plugins(plan.plugins)
            self._ahead.changed(job.id for _, job in plan.jobs)
            return plan
        message = f"another scheduler was quicker {COLLISIONS} times in a row"
        raise StoreUnavailableError(message)

    async def _confirm(self, guessed: Sequence[Job], plan: Plan) -> None:
        """Read the `rev` of jobs that are left unchanged: no write would guard a refusal."""
        written = {job.id for _, job in plan.jobs}
        if not await self._loading.confirms(job for job in guessed if job.id not in written):
            message = "jobs: one that was only looked at was changed meanwhile"
            raise CollisionError(message)

    async def _write(self, plan: Plan) -> None:
        if not any(getattr(plan, part.name) for part in fields(Plan)):
            return
        tries = count()

        async def write(session: AsyncClientSession) -> None:
            if next(tries):  # the driver calls again what the database asked to be repeated
                TRANSACTION_RETRIES.labels("transient").inc()
            await self._writing.write(session, plan)

        async with self._client.start_session() as session:
            await session.with_transaction(write, write_concern=self._database.write_concern)

    async def waiting(
        self, plugin: str, *, before: datetime, after: tuple[int, datetime, str] | None, limit: int
    ) -> Sequence[Job]:
        """See the port."""
        condition: Document = {
            "plugin": plugin,
            "tab": Tab.QUEUE.value,
            "status": Status.STARTED.value,
            "queued_at": {"$lt": before},
            "$or": [{"not_before": None}, {"not_before": {"$lt": before}}],
        }
        if after is not None:
            condition = {"$and": [condition, after_key(TURN_KEYS, list(after))]}
        with translated_errors():
            cursor = self._database.jobs.find(condition, batch_size=limit).sort(TURN_KEYS)
            return (await first_readable("jobs", from_document, cursor, limit))[0]

    async def plugins(self) -> Sequence[InstalledPlugin]:
        """See the port."""
        async with self._turn:
            with translated_errors():
                documents = await self._database.plugins.find({}, {"_id": 0}).to_list()
            plugins = readable("plugins", InstalledPlugin.model_validate, documents)
            self._known.keep_plugins(plugins)
        return plugins

    async def open_operations(self) -> Sequence[Operation]:
        """See the port."""
        return await self._operations.open()

    async def look_ahead(self, pages: frozenset[str]) -> None:
        """See the port. Beside whatever is decided or written meanwhile."""
        await self._ahead.read(pages)

    async def list_jobs(self, operation: Operation, *, page: int) -> Listing:
        """See the port."""
        return await self._operations.list_jobs(operation, page=page)


def _cannot_add(error: BulkWriteError) -> bool:
    return any(one["code"] in CANNOT_ADD for one in error.details["writeErrors"])
