"""A plan as the statements of one transaction."""

from collections.abc import Sequence
from typing import Any

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import BulkWriteError

from taskmanager.model.jobs import Job
from taskmanager.model.registry import InstalledPlugin, LogBlock
from taskmanager.mongo.access.presets import preset_writes
from taskmanager.mongo.access.writes import AccessWrites
from taskmanager.mongo.base.client import Database, Document
from taskmanager.mongo.base.documents import to_document, update_of
from taskmanager.mongo.base.statements import Statement, add_or_change, by_revision, change, update, write
from taskmanager.mongo.counters import statistics_id
from taskmanager.mongo.dead_letters import order
from taskmanager.mongo.figures import growth
from taskmanager.mongo.files import file_document, file_key
from taskmanager.mongo.notes.documents import write_notes
from taskmanager.mongo.notifications.documents import write_rules
from taskmanager.mongo.operations.writes import OperationWrites
from taskmanager.mongo.replicas import set_writes
from taskmanager.mongo.reports.writes import replay, report_document, withdraw
from taskmanager.ports.store import Plan, StatisticsDelta
from taskmanager.process.failpoints import Failpoint, failpoint

DUPLICATE_KEY = 11000


class CollisionError(Exception):
    """The stored state is not the one the decision was based on."""


class PlanWrites:
    """Writes plans within transactions that others begin and commit."""

    def __init__(self, database: Database, operations: OperationWrites, access: AccessWrites) -> None:
        """`operations` and `access` write their parts."""
        self._database, self._operations, self._access = database, operations, access

    async def write(self, session: AsyncClientSession, plan: Plan) -> None:
        """Everything in the plan; raises CollisionError, and BulkWriteError if it cannot be written."""
        await self._write_jobs(session, plan.jobs)
        await self._update(session, "statistics", [_increment(delta) for delta in plan.statistics])
        await self._update(session, "hourly", [growth(figures) for figures in plan.figures])
        await self._write_plugins(session, plan.plugins)
        if plan.access is not None:
            await self._guarded(session, "settings", *self._access.guard_of(plan.access))
            await self._access.write(session, plan.access)
        await self._guarded(session, "replicas", *set_writes(plan.replicas))
        await self._guarded(session, "presets", *preset_writes(plan.presets))
        await self._write_rest(session, plan)
        await self._operations.write_failures(session, plan.failures)
        await self._operations.write(session, plan.operations)
        failpoint(Failpoint.SCHEDULER_BEFORE_COMMIT)

    async def _update(
        self, session: AsyncClientSession, collection: str, statements: Sequence[Statement]
    ) -> None:
        await update(self._database, session, collection, statements)

    async def _guarded(
        self,
        session: AsyncClientSession,
        collection: str,
        new: Sequence[Document],
        changes: Sequence[Statement],
    ) -> None:
        """All of them; raises CollisionError if one has changed since the decision.

        Inserts first: a duplicate key ends the transaction, and anything sent in it after that would be
        answered as if the transaction only had to be retried, for ever.
        """
        try:
            found = await write(self._database, session, collection, new, changes)
        except BulkWriteError as error:
            if all(one["code"] == DUPLICATE_KEY for one in error.details["writeErrors"]):
                message = f"{collection}: it is there already"
                raise CollisionError(message) from error
            raise
        if found != len(changes):
            message = f"{collection}: it was changed meanwhile"
            raise CollisionError(message)

    async def _write_jobs(self, session: AsyncClientSession, pairs: Sequence[tuple[Job | None, Job]]) -> None:
        new = [to_document(after) for before, after in pairs if before is None]
        changes = [
            change({"_id": before.id, "rev": before.rev}, update_of(before, after))
            for before, after in pairs
            if before is not None
        ]
        await self._guarded(session, "jobs", new, changes)

    async def _write_plugins(self, session: AsyncClientSession, plugins: Sequence[InstalledPlugin]) -> None:
        documents = ((plugin.name, _bson(plugin.model_dump(mode="python"))) for plugin in plugins)
        await self._guarded(session, "plugins", *by_revision(documents))

    async def _write_rest(self, session: AsyncClientSession, plan: Plan) -> None:
        writes: dict[str, list[Statement]] = {
            "runners": [
                add_or_change(one.id, {"$set": _bson(one.model_dump(mode="python", exclude={"id", "alive"}))})
                for one in plan.runners
            ],
            "reports": [_keep(report.id, report_document(report)) for report in plan.reports],
            "audit": [
                _keep(entry.id, entry.model_dump(mode="python", exclude={"id"})) for entry in plan.audit
            ],
            "job_logs": [_log_block(block) for block in plan.logs if block.lines],
            "job_files": [
                _keep(file_key(one.job, one.attempt, one.number), file_document(one)) for one in plan.files
            ],
        }
        for collection, statements in writes.items():
            await self._update(session, collection, statements)
        for wanted in plan.replays:
            await replay(self._database, session, wanted)
        if plan.rules or plan.removed_rules or plan.notices:
            await write_rules(self._database, session, plan)
        if plan.notes or plan.removed_notes:
            await write_notes(self._database, session, plan)
        for letter, settlement in plan.settlements:
            await order(self._database, session, letter, settlement)
        for withdrawal in plan.withdrawals:
            await withdraw(self._database, session, withdrawal)
        if plan.forgotten_runners:
            condition = {"_id": {"$in": list(plan.forgotten_runners)}}
            await self._database.runners.delete_many(condition, session=session)
        if plan.forgotten_replicas:
            condition = {"_id": {"$in": list(plan.forgotten_replicas)}}
            await self._database.replicas.delete_many(condition, session=session)
        if plan.forgotten_presets:
            condition = {"_id": {"$in": list(plan.forgotten_presets)}}
            await self._database.presets.delete_many(condition, session=session)


def _increment(delta: StatisticsDelta) -> Statement:
    counts = {"jobs": delta.jobs, "files": delta.files, "bytes": delta.bytes}
    counts |= {f"statuses.{status.value}": number for status, number in delta.statuses.items()}
    names = {"plugin": delta.plugin, "tab": delta.tab.value}
    return add_or_change(statistics_id(delta.plugin, delta.tab), {"$inc": counts, "$setOnInsert": names})


def _log_block(block: LogBlock) -> Statement:
    fields = {**block.model_dump(mode="python"), "at": block.lines[0].at}
    return _keep(f"{block.job}:{block.attempt}:{block.seq}", fields)


def _keep(key: str, fields: Document) -> Statement:
    """Insert once; repeating it changes nothing."""
    return add_or_change(key, {"$setOnInsert": _bson(fields)})


def _bson(value: Any) -> Any:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, dict):
        return {str(key): _bson(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_bson(item) for item in value]
    return value
