"""One suite over the store in memory and the one in MongoDB: what the scheduler relies on."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY

from taskmanager.errors import StoreUnavailableError
from taskmanager.messages import (
    Advanced,
    Claim,
    Command,
    Failed,
    FilesRecorded,
    Finished,
    HandedBack,
    Hello,
    Inbound,
    Logged,
    PluginCommand,
    RemovePreset,
    RenamePreset,
    ReplicasReported,
    RunnerCommand,
    RunnerEvent,
    RunnerEvents,
    SavePreset,
    ScalingCommand,
    Submit,
)
from taskmanager.model.control import PluginAction, RunnerAction, StopMode
from taskmanager.model.jobs import FileRecord, FileState, Job, JobError, JobSpec, Warnings
from taskmanager.model.manifest import PluginManifest
from taskmanager.model.partitions import Partition
from taskmanager.model.queries import FileQuery, JobQuery, Sort
from taskmanager.model.registry import ALIVE_FOR
from taskmanager.model.replicas import Replica, ReplicaState, ScalingAction
from taskmanager.model.states import Status, Tab
from taskmanager.model.user_content.presets import preset_key
from taskmanager.mongo import MongoReader, MongoStore, connect, migrate
from taskmanager.mongo.base.statements import WORTH_A_COMMAND
from taskmanager.mongo.reader import sort_keys
from taskmanager.ports.store import Needs, Plan, Snapshot, Store
from taskmanager_scheduler.decisions.decision import Decision
from taskmanager_scheduler.decisions.group_state import decide
from taskmanager_scheduler.decisions.needs import needs_of
from taskmanager_scheduler.effects.tickets import note_tickets
from taskmanager_scheduler.jobs.moves import ticket_for
from taskmanager_testing.clock import SetClock
from taskmanager_testing.store import MemoryStore
from taskmanager_testing.waiting import LONG_SECONDS

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
async def store(store_url: str | None) -> AsyncIterator[Store]:
    if store_url is None:
        yield MemoryStore(SetClock(NOW))
        return
    made = MongoStore(store_url)
    yield made
    await made.close()


def submit(job: str, unique: str | None = None, plugin: str = "noop") -> Submit:
    return Submit(
        job=job, client="test", submitted_at=NOW, spec=JobSpec(plugin=plugin, title=job, unique=unique)
    )


def said(*events: RunnerEvent, plugin: str = "noop", runner: str = "r1") -> RunnerEvents:
    return RunnerEvents(plugin=plugin, runner=runner, instance="a", events=events)


async def feed(store: Store, *messages: Inbound, now: datetime = NOW) -> Decision:
    return await store.apply(needs_of(messages), lambda snapshot: decide(messages, snapshot, now))


async def look(store: Store, needs: Needs) -> Snapshot:
    seen: list[Snapshot] = []

    def keep(snapshot: Snapshot) -> Plan:
        seen.append(snapshot)
        return Plan()

    await store.apply(needs, keep)
    return seen[-1]


async def job_of(store: Store, job_id: str) -> Job:
    return (await look(store, Needs(jobs=frozenset({job_id})))).jobs[job_id]


async def test_a_job_comes_back_as_it_was_stored(store: Store) -> None:
    outcome = await feed(store, submit("1"), said(Claim(job="1", dispatch=1, claim_id="c")))

    assert await job_of(store, "1") == outcome.jobs[0][1]


async def test_a_repeated_group_changes_nothing(store: Store) -> None:
    group = (submit("1"), said(Claim(job="1", dispatch=1, claim_id="c")))
    await feed(store, *group)
    before = await job_of(store, "1")

    await feed(store, *group)

    assert await job_of(store, "1") == before


def hello(**fields: Any) -> RunnerEvents:
    manifest = PluginManifest(name="noop", title="Noop", job_type="NOOP", **fields)
    return said(
        Hello(manifest=manifest, host="h", version="1", slots=2, transfers=1, started_at=NOW, running=())
    )


async def test_statistics_of_a_plugin_with_a_limit_follow_its_jobs(store: Store) -> None:
    processing = Advanced(job="1", attempt=1, seq=1, status=Status.PROCESSING, files=4, bytes=40)
    await feed(store, hello(max_running=5))
    await feed(store, submit("1"), submit("2"), said(Claim(job="1", dispatch=1, claim_id="c"), processing))
    running = await look(store, Needs(plugins=frozenset({"noop"})))
    await feed(store, said(Finished(job="1", attempt=1, seq=2, files=4, bytes=12)))
    ended = await look(store, Needs(plugins=frozenset({"noop"})))

    before, after = (one.statistics["noop", Tab.QUEUE] for one in (running, ended))
    assert (before.jobs, before.files, before.bytes, before.running) == (2, 4, 40, 1)
    assert (after.jobs, after.files, after.bytes, after.running) == (1, 0, 0, 0)


async def test_two_decisions_over_one_state_never_both_win(store: Store) -> None:
    await feed(store, submit("1"))
    claims = [said(Claim(job="1", dispatch=1, claim_id=f"c{number}")) for number in range(8)]

    await asyncio.gather(*(feed(store, one) for one in claims))

    job = await job_of(store, "1")
    assert (job.attempt, job.status) == (1, Status.WAITINGFORUPLOAD)


async def test_a_decision_over_an_old_state_is_refused(store: Store) -> None:
    await feed(store, submit("1"))
    old = await job_of(store, "1")
    await feed(store, said(Claim(job="1", dispatch=1, claim_id="c")))

    stale = old.model_copy(update={"rev": old.rev + 1, "priority": 9})

    with pytest.raises(StoreUnavailableError):
        await store.apply(Needs(), lambda _: Plan(jobs=[(old, stale)]))

    assert (await job_of(store, "1")).priority == old.priority


async def test_an_owed_ticket_is_found_until_it_is_marked_as_sent(store: Store) -> None:
    await feed(store, submit("1"), said(Claim(job="1", dispatch=1, claim_id="c")))
    await feed(store, said(HandedBack(job="1", attempt=1)))
    owed = await look(store, Needs(tickets_before=NOW, limit=10))

    tickets = [ticket_for(job) for job in owed.jobs.values()]
    await note_tickets(store, SetClock(NOW), tickets, tickets)

    assert list(owed.jobs) == ["1"]
    assert (await look(store, Needs(tickets_before=NOW, limit=10))).jobs == {}


async def test_leases_that_are_over_are_found(store: Store) -> None:
    await feed(store, submit("1"), submit("2"), said(Claim(job="1", dispatch=1, claim_id="c")))

    over = await look(store, Needs(leases_before=NOW + timedelta(hours=1), limit=10))

    assert list(over.jobs) == ["1"]
    assert (await look(store, Needs(leases_before=NOW, limit=10))).jobs == {}


async def test_what_is_overdue_is_found_by_the_partition_of_its_plugin_alone(store: Store) -> None:
    later, plugins = NOW + timedelta(hours=1), ("noop", "sleep", "jp2", "tally")
    for plugin in plugins:
        await feed(store, submit(f"{plugin} running", plugin=plugin), submit(f"{plugin} owed", plugin=plugin))
        runner = f"runner of {plugin}"
        for job in (f"{plugin} running", f"{plugin} owed"):
            await feed(store, said(Claim(job=job, dispatch=1, claim_id=job), plugin=plugin, runner=runner))
        back = HandedBack(job=f"{plugin} owed", attempt=1)
        await feed(store, said(back, plugin=plugin, runner=runner))

    for number in range(4):
        mine = Partition(number, 4)
        names = [plugin for plugin in plugins if mine.holds(plugin)]
        over = await look(store, Needs(leases_before=later, partition=mine, limit=10))
        owed = await look(store, Needs(tickets_before=later, partition=mine, limit=10))
        assert sorted(over.jobs) == sorted(f"{name} running" for name in names)
        assert sorted(owed.jobs) == sorted(f"{name} owed" for name in names)
        assert len(names) == 1


async def test_waiting_jobs_come_in_pages_as_they_start(store: Store) -> None:
    for second in range(5):
        await feed(store, submit(f"{second}"), now=NOW + timedelta(seconds=second))
    before = NOW + timedelta(seconds=4)

    first = await store.waiting("noop", before=before, after=None, limit=3)
    last = first[-1]
    rest = await store.waiting("noop", before=before, after=(last.priority, last.queued_at, last.id), limit=3)

    assert [[job.id for job in page] for page in (first, rest)] == [["0", "1", "2"], ["3"]]


async def test_an_installed_plugin_and_its_runner_are_known(store: Store) -> None:
    await feed(store, hello())

    snapshot = await look(store, Needs(plugins=frozenset({"noop"}), runners=frozenset({"r1"})))

    assert snapshot.plugins["noop"].manifest.title == "Noop"
    assert snapshot.runners["r1"].slots == 2
    assert [plugin.name for plugin in await store.plugins()] == ["noop"]


async def test_only_one_active_job_holds_a_unique_key(store: Store) -> None:
    await asyncio.gather(*(feed_until_stored(store, submit(f"{number}", unique="k")) for number in range(4)))

    jobs = [await job_of(store, f"{number}") for number in range(4)]
    assert sorted(job.status for job in jobs) == [Status.CANCELLED] * 3 + [Status.STARTED]


@pytest.mark.parametrize("more", [0, 2 * WORTH_A_COMMAND])
async def test_a_group_another_scheduler_has_half_stored_is_decided_anew_at_once(
    store: Store, store_url: str | None, more: int
) -> None:
    """A scheduler that takes over does not know the stored job, and changes others in the same group."""
    await feed(store, hello(), submit("1"), submit("2"))
    other = store if store_url is None else MongoStore(store_url)
    claim = Claim(job="2", dispatch=1, claim_id="c")

    async with asyncio.timeout(LONG_SECONDS):
        await feed(other, submit("1"), submit("3"), *map(submit, _keys(more)), said(claim))
        seen = await look(other, Needs(jobs=frozenset({"1", "2", "3", *_keys(more)})))

    assert [seen.jobs[job].attempt for job in ("1", "2", "3", *_keys(more))] == [0, 1, 0, *[0] * more]
    if isinstance(other, MongoStore):
        await other.close()


def _keys(number: int) -> list[str]:
    return [f"more {each}" for each in range(number)]


async def feed_until_stored(store: Store, message: Inbound) -> None:
    """As the inbox does: a collision is no loss, the group is decided anew."""
    async with asyncio.timeout(LONG_SECONDS):
        while True:
            try:
                await feed(store, message)
            except StoreUnavailableError:
                continue
            return


@pytest.fixture
async def others_store(mongodb_url: str) -> AsyncIterator[MongoStore]:
    """A second scheduler's, over the same database as `own_store`."""
    made = MongoStore(mongodb_url)
    yield made
    await made.close()


@pytest.fixture
async def own_store(mongodb_url: str) -> AsyncIterator[MongoStore]:
    made = MongoStore(mongodb_url)
    yield made
    await made.close()


async def test_a_page_of_waiting_jobs_is_all_that_the_database_hands_over(own_store: MongoStore) -> None:
    await feed(own_store, *(submit(f"{number:03}") for number in range(400)))
    database = own_store.database

    await database.command("profile", 2)
    page = await own_store.waiting("noop", before=NOW + timedelta(seconds=1), after=None, limit=150)
    await database.command("profile", 0)

    noted = database["system.profile"].find({"ns": f"{database.name}.jobs"})
    handed_over = [one["nreturned"] for one in await noted.to_list() if one["op"] in {"query", "getmore"}]
    assert (len(page), handed_over) == (150, [150])


async def test_what_another_scheduler_wrote_is_found_when_it_is_written(
    own_store: MongoStore, others_store: MongoStore
) -> None:
    def collisions() -> float:
        labels = {"reason": "collision"}
        return REGISTRY.get_sample_value("taskmanager_transaction_retries_total", labels) or 0.0

    await feed(own_store, submit("1"))
    await feed(others_store, said(Claim(job="1", dispatch=1, claim_id="c")))
    before = collisions()

    await feed(
        own_store, said(HandedBack(job="1", attempt=1)), said(Claim(job="1", dispatch=1, claim_id="d"))
    )
    await feed(own_store, said(HandedBack(job="1", attempt=1)))
    await others_store.look_anew()

    job = await job_of(others_store, "1")
    assert (job.status, job.attempt, job.dispatch) == (Status.STARTED, 1, 2)
    assert collisions() > before


@pytest.mark.parametrize("more", [0, 2 * WORTH_A_COMMAND])
async def test_a_submission_another_scheduler_has_stored_is_not_stored_again(
    own_store: MongoStore, others_store: MongoStore, more: int
) -> None:
    await feed(others_store, submit("1"), said(Claim(job="1", dispatch=1, claim_id="c")))
    before = await job_of(others_store, "1")

    await feed(own_store, submit("1"), *map(submit, ["2", *_keys(more)]))

    assert await job_of(own_store, "1") == before
    for job in ("2", *_keys(more)):
        assert (await job_of(own_store, job)).status is Status.STARTED


async def test_of_two_partitions_that_store_jobs_with_one_key_at_once_one_has_the_key(
    own_store: MongoStore, others_store: MongoStore
) -> None:
    for number in range(20):
        key = f"key {number}"
        await asyncio.gather(
            feed_until_stored(own_store, submit(f"noop {number}", unique=key, plugin="noop")),
            feed_until_stored(others_store, submit(f"sleep {number}", unique=key, plugin="sleep")),
        )
        jobs = [await job_of(own_store, f"{plugin} {number}") for plugin in ("noop", "sleep")]
        assert sorted(job.status for job in jobs) == [Status.CANCELLED, Status.STARTED]


async def test_two_schedulers_that_change_one_plugin_both_succeed(
    own_store: MongoStore, others_store: MongoStore
) -> None:
    await feed(own_store, hello())
    await feed(others_store, ordered(PluginAction.LIMIT, max_running=3))

    await feed(own_store, ordered(PluginAction.REFUSE))

    (plugin,) = await others_store.plugins()
    assert (plugin.max_running, plugin.accepting, plugin.rev) == (3, False, 3)


async def test_a_stop_by_another_scheduler_is_seen_once_the_plugins_are_read(
    own_store: MongoStore, others_store: MongoStore
) -> None:
    await feed(own_store, hello(), submit("1"))
    await feed(others_store, ordered(PluginAction.STOP, mode=StopMode.FINISH))

    await own_store.plugins()
    await feed(own_store, said(Claim(job="1", dispatch=1, claim_id="c")))

    assert (await job_of(own_store, "1")).status is Status.STARTED


def ordered(action: PluginAction, **fields: Any) -> Command:
    order = PluginCommand(plugin="noop", action=action, **fields)
    return Command(id=str(action), gateway="g", actor="alice", reason="", at=NOW, order=order)


async def test_log_blocks_are_read_in_order_and_stored_once(mongodb_url: str) -> None:
    store, reader = MongoStore(mongodb_url), MongoReader(mongodb_url)
    blocks = [
        Logged.model_validate(
            {"job": "1", "attempt": 1, "seq": seq, "lines": [{"at": NOW, "level": "info", "text": f"{seq}"}]}
        )
        for seq in (2, 1, 3, 2)
    ]
    await feed(store, submit("1"), said(*blocks))

    log = await reader.log("1", after=(1, 1))

    assert [block.seq for block in log] == [2, 3]
    assert log[0].lines[0].at == NOW
    await store.close()
    await reader.close()


def recorded(attempt: int, first: int, *names: str) -> RunnerEvents:
    files = tuple(FileRecord(name=name, state=FileState.DONE) for name in names)
    return said(FilesRecorded(job="1", attempt=attempt, first=first, files=files))


async def test_files_are_stored_once_and_those_of_an_old_attempt_are_not_shown(mongodb_url: str) -> None:
    store, reader = MongoStore(mongodb_url), MongoReader(mongodb_url)
    first, second = (Claim(job="1", dispatch=number, claim_id=f"c{number}") for number in (1, 2))
    await feed(store, submit("1"), said(first), recorded(1, 1, "a", "b", "c"))
    await feed(store, said(HandedBack(job="1", attempt=1)), said(second))
    for _ in range(2):
        await feed(store, recorded(2, 1, "d"), recorded(1, 4, "late"), recorded(2, 2, "e"))

    async def names(attempt: int) -> list[str]:
        page = await reader.files(FileQuery(job="1", attempt=attempt))
        return [one.file.name for one in page.files]

    assert (await names(1), await names(2)) == (["a", "b", "c"], ["d", "e"])
    await store.close()
    await reader.close()


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (JobQuery(plugin="noop", tab=Tab.DONE, warnings=True, sort=Sort.FINISHED), "owed_or_warned"),
        (JobQuery(tab=Tab.DONE, warnings=True, sort=Sort.FINISHED), "owed_or_warned"),
        (JobQuery(plugin="noop", warnings=True), "term_by_creation"),
        (JobQuery(warnings=True), "term_by_creation"),
    ],
)
async def test_a_list_of_jobs_with_warnings_is_read_off_an_index_in_its_order(
    mongodb_url: str, query: JobQuery, index: str
) -> None:
    """Few of many jobs have warnings: the others are never examined."""
    store = MongoStore(mongodb_url)
    spec = JobSpec(plugin="noop")
    jobs = [
        Job(
            id=f"{number:04}",
            spec=spec,
            client="test",
            status=Status.DONE,
            priority=5,
            created=NOW,
            queued_at=NOW,
            finished=NOW + timedelta(seconds=number),
            warnings=int(number % 100 == 0),
        )
        for number in range(500)
    ]
    await store.apply(Needs(), lambda _: Plan(jobs=[(None, one) for one in jobs]))
    await store.close()
    (client, database), reader = connect(mongodb_url), MongoReader(mongodb_url)
    condition = await reader._page_condition(query, [{}])
    explained = await database.jobs.find(condition).sort(sort_keys(query)).limit(50).explain()
    await client.close()
    await reader.close()

    plan = str(explained["queryPlanner"]["winningPlan"])
    assert explained["executionStats"]["totalDocsExamined"] == 5
    assert index in plan
    assert "'SORT'" not in plan


async def test_the_migration_groups_jobs_that_failed_earlier(mongodb_url: str) -> None:
    store, reader = MongoStore(mongodb_url), MongoReader(mongodb_url)
    failed = Failed(job="1", attempt=1, seq=1, error=JobError(message="bad", kind="Test"), crashed=False)
    await feed(store, submit("1"), said(Claim(job="1", dispatch=1, claim_id="a"), failed))
    client, database = connect(mongodb_url)
    await database.jobs.update_one({"_id": "1"}, {"$set": {"terms": ["1"]}})
    assert not await reader.error_groups(["noop"])
    for _ in range(2):
        await migrate(database)
    assert [one.jobs for one in await reader.error_groups(["noop"])] == [1]
    await client.close()
    await store.close()
    await reader.close()


async def test_a_job_is_found_by_its_warnings_while_its_last_attempt_has_some(mongodb_url: str) -> None:
    store, reader = MongoStore(mongodb_url), MongoReader(mongodb_url)
    failed = Failed(
        job="1",
        attempt=1,
        seq=1,
        error=JobError(message="bad", kind="Test"),
        crashed=True,
        warnings=Warnings(count=2, texts=("no profile",)),
    )

    async def found() -> list[int]:
        page = await reader.jobs(JobQuery(plugin="noop", warnings=True, text="1"))
        return [one.warnings for one in page.jobs]

    await feed(store, submit("1"), said(Claim(job="1", dispatch=1, claim_id="a"), failed))
    assert await found() == [2]
    await feed(store, said(Claim(job="1", dispatch=2, claim_id="b")))
    assert await found() == []
    await store.close()
    await reader.close()


async def test_a_job_stored_before_there_were_warnings_is_read(mongodb_url: str) -> None:
    store, reader = MongoStore(mongodb_url), MongoReader(mongodb_url)
    await feed(store, submit("1"))
    client, database = connect(mongodb_url)
    await database.jobs.update_one({"_id": "1"}, {"$unset": {"warnings": 1, "warning_texts": 1}})
    await client.close()

    job = await reader.job("1")

    assert job is not None
    assert (job.warnings, job.warning_texts) == (0, ())
    await store.close()
    await reader.close()


async def test_replicas_are_stored_with_their_wish_and_guarded_by_their_rev(store: Store) -> None:
    replica = Replica(name="here.noop.1", runner="r1", state=ReplicaState.RUNNING)
    reported = ReplicasReported(
        plugin="noop", place="here", agent="a", seq=1, engine="fake", most=3, replicas=(replica,)
    )
    order = ScalingCommand(plugin="noop", place="here", action=ScalingAction.SCALE, desired=0)
    await feed(store, hello(), reported)
    await feed(store, Command(id="c-1", gateway="g", actor="anna", at=NOW, order=order))
    await feed(store, reported)

    seen = await look(store, Needs(replicas=frozenset({"here/noop", "there/noop"})))

    [one] = seen.replicas.values()
    assert (one.wish.desired, one.retiring, one.rev) == (0, ("here.noop.1",), 3)
    assert one.wished is not None
    assert (one.wished.by, one.wished.at, one.reported) == ("anna", NOW, NOW)
    drain = seen.runners["r1"].drain  # the runners of replicas are loaded though nobody named them
    assert drain is not None
    later = NOW + timedelta(minutes=1)
    forget = ScalingCommand(plugin="noop", place="here", action=ScalingAction.FORGET_PLACE)
    await feed(store, Command(id="c-2", gateway="g", actor="anna", at=later, order=forget), now=later)
    assert (await look(store, Needs(replicas=frozenset({"here/noop"})))).replicas == {}


async def test_presets_are_stored_renamed_and_removed(store: Store, store_url: str | None) -> None:
    odd = {"a.b": {"$set": 1}, "list": [1, None, "x"]}

    async def give(number: int, order: SavePreset | RenamePreset | RemovePreset) -> None:
        await feed(store, Command(id=f"p-{number}", gateway="g", actor="anna", at=NOW, order=order))

    await give(1, SavePreset(name="Mine", owner="anna", plugin="noop", template="t", parameters=odd))
    await give(2, SavePreset(name="Ours", plugin="noop"))
    await give(3, SavePreset(name="His", owner="ben", plugin="noop"))
    await give(4, SavePreset(name="ours", plugin="noop", template="other", replace=True))
    await give(5, RenamePreset(name="MINE", owner="anna", plugin="noop", new_name="Mine too"))

    keys = [
        preset_key(name, owner) for name, owner in (("mine", "anna"), ("mine too", "anna"), ("ours", None))
    ]
    found = (await look(store, Needs(presets=frozenset(keys)))).presets
    assert found.keys() == {*keys[1:]}
    mine, ours = (found[key] for key in keys[1:])
    assert (mine.name, mine.owner, mine.template, mine.parameters) == ("Mine too", "anna", "t", odd)
    assert (ours.name, ours.shared, ours.template, ours.rev) == ("ours", True, "other", 2)
    if store_url is not None:
        reader = MongoReader(store_url)
        assert [one.name for one in await reader.presets("anna")] == ["Mine too", "ours"]
        assert [one.name for one in await reader.presets("nobody")] == ["ours"]
        await reader.close()
    await give(6, RemovePreset(name="Mine too", owner="anna", plugin="noop"))
    assert (await look(store, Needs(presets=frozenset(keys)))).presets.keys() == {keys[2]}


async def test_a_drained_runner_stays_so_over_its_hello_until_it_is_forgotten(store: Store) -> None:
    manifest = PluginManifest(name="noop", title="Nothing", job_type="NOOP")
    hello = Hello(manifest=manifest, host="h", version="1", slots=2, transfers=1, started_at=NOW, running=())

    def tell(action: RunnerAction) -> Command:
        order = RunnerCommand(runner="r1", action=action)
        return Command(id=f"c-{action}", gateway="g", actor="anna", at=NOW, order=order)

    await feed(store, said(hello))
    await feed(store, tell(RunnerAction.DRAIN))
    known = (await feed(store, said(hello))).runners[0]
    assert known.drain is not None
    later = NOW + ALIVE_FOR + timedelta(seconds=1)
    assert (await feed(store, tell(RunnerAction.FORGET), now=later)).forgotten_runners == ["r1"]
    assert (await feed(store, said(hello))).runners[0].drain is None
