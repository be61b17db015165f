"""What a decision needs to see, read from the database or known from the last write. Writes nothing."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from taskmanager.model.jobs import Job
from taskmanager.model.registry import InstalledPlugin, RunnerState, TabStatistics
from taskmanager.model.states import Tab
from taskmanager.mongo.access.presets import load_presets
from taskmanager.mongo.access.writes import AccessWrites
from taskmanager.mongo.at_work import JobsAtWork
from taskmanager.mongo.base.all_plugins import plugins_with_jobs
from taskmanager.mongo.base.client import Database, Document, without_key
from taskmanager.mongo.base.documents import from_document
from taskmanager.mongo.base.indexes import KEY_INDEX, OWNED, holding, ticket_due
from taskmanager.mongo.base.unreadable import first_readable, readable
from taskmanager.mongo.operations.ahead import PagesAhead
from taskmanager.mongo.operations.writes import OperationWrites
from taskmanager.mongo.replicas import load_sets, with_their_runners
from taskmanager.mongo.write_cache import WriteCache
from taskmanager.ports.store import Needs, Snapshot, next_links


class SnapshotLoader:
    """Makes snapshots. Outdated data in one is found when it is written, or by `confirms`."""

    def __init__(
        self,
        database: Database,
        operations: OperationWrites,
        access: AccessWrites,
        known: WriteCache,
        at_work: JobsAtWork,
        ahead: PagesAhead,
    ) -> None:
        """`known`, `at_work` and `ahead` are kept up to date by the writer."""
        self._database, self._operations, self._access = database, operations, access
        self._known, self._at_work, self._ahead = known, at_work, ahead

    async def snapshot(self, needs: Needs, *, trusting: bool) -> tuple[Snapshot, list[Job]]:
        """The snapshot, and those of its jobs that were not read just now.

        `trusting`: data already known is not read, and new jobs are assumed to be new.
        """
        if not trusting:
            self._known.forget()
            self._ahead.forget()
        replicas = await load_sets(self._database, needs.replicas)
        needs = with_their_runners(needs, replicas.values())
        ahead = self._ahead.take(needs.pages)
        pages = ahead.pages | await self._operations.load_pages(needs.pages - ahead.pages.keys())
        named = needs.jobs.union(*pages.values())
        known = ahead.jobs | {one: self._known.jobs[one] for one in named & self._known.jobs.keys()}
        unknown = named - known.keys()
        # one after the other: of most groups, all but one are known or not needed at all
        jobs, unreadable, unreadable_holders = await self._find_jobs(
            needs, unknown - needs.new if trusting else unknown
        )
        if links := next_links(needs, jobs | known):
            known |= {one: self._known.jobs[one] for one in links & self._known.jobs.keys()}
            behind, broken, _ = await self._find_jobs(Needs(), links - known.keys())
            jobs, unreadable = jobs | behind, unreadable | broken
        plugins, unreadable_plugins = await self._plugins(needs.plugins)
        runners = await self._runners(needs.runners)
        operations, unreadable_operations = await self._operations.load(needs.operations)
        self._known.keep_jobs(job for job in jobs.values() if job.id in needs.jobs | links)
        loaded = {job_id: self._known.jobs.get(job_id, job) for job_id, job in {**jobs, **known}.items()}
        snapshot = Snapshot(
            jobs=loaded,
            unreadable=unreadable,
            unreadable_plugins=unreadable_plugins,
            unreadable_operations=unreadable_operations,
            holders=unreadable_holders | await self._holders(list(loaded.values())),
            plugins=plugins,
            runners=runners,
            statistics=await self._statistics(
                [one.name for one in plugins.values() if one.limit is not None]
            ),
            operations=operations,
            pages=pages,
            access=await self._access.load(needs.access),
            replicas=replicas,
            presets=await load_presets(self._database, needs.presets),
        )
        return snapshot, [job for job_id, job in loaded.items() if job is not jobs.get(job_id)]

    async def confirms(self, jobs: Iterable[Job]) -> bool:
        """Whether the stored jobs match the known ones."""
        known = {job.id: job.rev for job in jobs}
        if not known:
            return True
        documents = await self._database.jobs.find({"_id": {"$in": list(known)}}, {"rev": 1}).to_list()
        return known == {document["_id"]: document["rev"] for document in documents}

    async def _find_jobs(
        self, needs: Needs, named: frozenset[str]
    ) -> tuple[dict[str, Job], frozenset[str], dict[str, str]]:
        """The jobs, the ids of unreadable ones, and which of the wanted unique keys the latter hold."""
        found: dict[str, Job] = {}
        unreadable: set[str] = set()
        holders: dict[str, str] = {}
        owned = {runner: await self._at_work.of(runner) for runner in needs.runners}
        overdue = await self._at_work.all() if needs.leases_before else frozenset()
        for alternative in _alternatives(needs, named, owned, overdue, await self._among(needs)):
            hint = KEY_INDEX if "_id" in alternative else None
            cursor = self._database.jobs.find(alternative, batch_size=needs.limit or 0, hint=hint)
            read, others = await first_readable("jobs", from_document, cursor, needs.limit or 0)
            found |= {job.id: job for job in read}
            unreadable |= {document["_id"] for document in others}
            for document in others:
                holders |= _held(document, needs.uniques)
        self._at_work.note(found.values())
        for runner, jobs in owned.items():
            self._at_work.drop(
                runner, [job for job in jobs - unreadable if _is_not_of(runner, found.get(job))]
            )
        return found, frozenset(unreadable), holders

    async def _among(self, needs: Needs) -> Document:
        """The condition for jobs of the partition whose overdue jobs are wanted."""
        if needs.partition.has_all or not (needs.leases_before or needs.tickets_before):
            return {}
        names = await plugins_with_jobs(self._database)
        return {"plugin": {"$in": [name for name in names if needs.partition.holds(name)]}}

    async def _holders(self, jobs: Sequence[Job]) -> dict[str, str]:
        """The holders of these jobs' unique keys; ended jobs need another query."""
        keys = {job.spec.unique for job in jobs if job.spec.unique and job.status.final}
        found = {job.spec.unique: job.id for job in jobs if job.spec.unique and job.tab is Tab.QUEUE}
        if missing := keys - found.keys():
            documents = await self._database.jobs.find(holding(missing), {"spec.unique": 1}).to_list()
            found |= {document["spec"]["unique"]: document["_id"] for document in documents}
        return found

    async def _plugins(self, names: frozenset[str]) -> tuple[dict[str, InstalledPlugin], frozenset[str]]:
        """The installed plugins, and the names of those that cannot be read."""
        unreadable: frozenset[str] = frozenset()
        if unknown := names - self._known.plugins.keys():
            documents = await self._database.plugins.find({"_id": {"$in": list(unknown)}}).to_list()
            found = readable("plugins", _plugin, documents)
            self._known.keep_plugins(found)
            unreadable = frozenset(document["_id"] for document in documents) - {one.name for one in found}
        return {name: self._known.plugins[name] for name in names & self._known.plugins.keys()}, unreadable

    async def _runners(self, ids: frozenset[str]) -> dict[str, RunnerState]:
        if not ids:
            return {}
        documents = await self._database.runners.find({"_id": {"$in": list(ids)}}).to_list()
        return {runner.id: runner for runner in readable("runners", _runner, documents)}

    async def _statistics(self, plugins: Sequence[str]) -> dict[tuple[str, Tab], TabStatistics]:
        if not plugins:
            return {}
        condition = {"plugin": {"$in": plugins}, "tab": Tab.QUEUE.value}
        documents = await self._database.statistics.find(condition, {"_id": 0}).to_list()
        found = readable("statistics", TabStatistics.model_validate, documents)
        return {(one.plugin, one.tab): one for one in found}


def _is_not_of(runner: str, job: Job | None) -> bool:
    return job is None or job.owner != runner


def _alternatives(
    needs: Needs,
    named: frozenset[str],
    owned: Mapping[str, frozenset[str]],
    at_work: frozenset[str],
    among: Document,
) -> list[Document]:
    """A separate search for each, because no index serves them together.

    `owned` and `at_work` are the jobs that may belong to the runners, and to anyone; `among` limits what is
    overdue.
    """
    of_runners = frozenset[str]().union(*owned.values())
    over = {"_id": {"$in": list(at_work)}, **OWNED, "lease": {"$lt": needs.leases_before}, **among}
    searches: list[tuple[Any, Document]] = [
        (named, {"_id": {"$in": list(named)}}),
        (needs.uniques, holding(needs.uniques)),
        (of_runners, {"_id": {"$in": list(of_runners)}, "owner": {"$in": list(needs.runners)}}),
        (at_work, over),
        (needs.tickets_before, {**ticket_due({"$lte": needs.tickets_before}), **among}),
    ]
    return [search for wanted, search in searches if wanted]


def _runner(document: Document) -> RunnerState:
    return RunnerState.model_validate({"id": document["_id"], **without_key(document)})


def _plugin(document: Document) -> InstalledPlugin:
    return InstalledPlugin.model_validate(without_key(document))


def _held(document: Document, uniques: frozenset[str]) -> dict[str, str]:
    """The wanted unique key that a document holds even though it cannot be read."""
    if document.get("tab") != Tab.QUEUE.value or not isinstance(spec := document.get("spec"), dict):
        return {}
    key = spec.get("unique")
    return {key: document["_id"]} if isinstance(key, str) and key in uniques else {}
