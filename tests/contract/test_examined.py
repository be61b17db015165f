"""What is asked for every group and at every sweep examines what it is about, however many jobs there are.

MongoDB itself tells what it examined, from the profile of the test's own database.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from taskmanager.model.jobs import GoobiReference, Job, JobSpec
from taskmanager.model.operations import JobFilter
from taskmanager.model.partitions import Partition
from taskmanager.model.queries import ProcessQuery
from taskmanager.model.states import Status
from taskmanager.mongo import MongoReader, MongoStore, connect
from taskmanager.mongo.base.client import Database
from taskmanager.mongo.processes.reads import NEWEST, process_filter
from taskmanager.ports.store import Needs, Plan

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
MANY = 200
"""Jobs that are neither meant nor to be examined, half of them ended."""

Examined = Callable[[Callable[[], Awaitable[object]]], Awaitable[int]]


@pytest.fixture
async def database(mongodb_url: str) -> AsyncIterator[Database]:
    client, opened = connect(mongodb_url)
    yield opened
    await client.close()


@pytest.fixture
async def store(mongodb_url: str) -> AsyncIterator[MongoStore]:
    """One that knows nothing of what is stored: many jobs of two plugins, of which three wait for something.

    "owed" is owed a ticket, "later" will be, and "unique" has a unique key; so has "ended", which has ended.
    """
    jobs = [_job(f"{number:04}", Status.DONE if number % 2 else Status.STARTED) for number in range(MANY)]
    jobs += [
        _job("owed", ticket_due=NOW),
        _job("later", ticket_due=LATER, not_before=LATER),
        _job("unique", unique="held"),
        _job("ended", Status.DONE, unique="free"),
    ]
    writer, made = MongoStore(mongodb_url), MongoStore(mongodb_url)
    await writer.apply(Needs(), lambda _: Plan(jobs=[(None, one) for one in jobs]))
    await writer.close()
    yield made
    await made.close()


@pytest.fixture
async def reader(mongodb_url: str) -> AsyncIterator[MongoReader]:
    made = MongoReader(mongodb_url)
    yield made
    await made.close()


@pytest.fixture
def examined(database: Database) -> Examined:
    """How many documents of jobs something makes the database examine."""

    async def count(ask: Callable[[], Awaitable[object]]) -> int:
        await database.command("profile", 2)
        await ask()
        await database.command("profile", 0)
        asked = await database["system.profile"].find({"ns": f"{database.name}.jobs"}).to_list()
        assert asked, "the database was not asked for any job"
        return sum(one.get("docsExamined", 0) for one in asked)

    return count


def _job(
    key: str,
    status: Status = Status.STARTED,
    *,
    unique: str | None = None,
    goobi: GoobiReference | None = None,
    ticket_due: datetime | None = None,
    not_before: datetime | None = None,
) -> Job:
    return Job(
        id=key,
        spec=JobSpec(
            plugin="even" if key < "0100" else "odd", unique=unique, title=f"Band {key}", goobi=goobi
        ),
        client="test",
        status=status,
        priority=5,
        created=NOW,
        queued_at=NOW,
        finished=NOW if status.final else None,
        ticket_due=ticket_due,
        not_before=not_before,
        rev=1,
    )


async def _found(store: MongoStore, needs: Needs) -> dict[str, str]:
    """The jobs found, and who holds the unique keys of those."""
    found: dict[str, str] = {}

    def keep(snapshot: object) -> Plan:
        found.update(dict.fromkeys(snapshot.jobs, ""), **snapshot.holders)  # type: ignore[attr-defined]
        return Plan()

    await store.apply(needs, keep)
    return found


@pytest.mark.parametrize("partition", [Partition(0, 1), Partition(0, 2), Partition(1, 2)])
async def test_a_search_for_owed_tickets_examines_only_jobs_that_are_owed_one(
    store: MongoStore, examined: Examined, partition: Partition
) -> None:
    needs = Needs(tickets_before=NOW, partition=partition, limit=100)
    assert await examined(lambda: store.apply(needs, lambda _: Plan())) <= 1


async def test_owed_tickets_are_found(store: MongoStore) -> None:
    assert await _found(store, Needs(tickets_before=NOW, limit=100)) == {"owed": ""}


async def test_counting_the_jobs_that_are_tried_later_examines_no_others(
    reader: MongoReader, store: MongoStore, examined: Examined
) -> None:
    del store  # it has stored the jobs
    assert await examined(lambda: reader.backing_off(NOW)) == 1
    assert await reader.backing_off(NOW) == {"odd": 1}


async def test_a_search_for_unique_keys_examines_only_their_holders(
    store: MongoStore, examined: Examined
) -> None:
    needs = Needs(uniques=frozenset({"held", "free", "new"}))
    assert await examined(lambda: store.apply(needs, lambda _: Plan())) == 1
    assert await _found(store, needs) == {"unique": "", "held": "unique"}


async def test_the_holder_of_the_key_of_an_ended_job_is_found_without_examining_others(
    store: MongoStore, examined: Examined
) -> None:
    needs = Needs(jobs=frozenset({"ended"}))
    assert await examined(lambda: store.apply(needs, lambda _: Plan())) == 1  # the ended one itself


async def test_the_active_job_of_a_unique_key_is_read_off_its_index(
    reader: MongoReader, store: MongoStore, examined: Examined
) -> None:
    del store
    assert await examined(lambda: reader.active_by_unique("held")) == 1
    found = await reader.active_by_unique("held")
    assert found is not None
    assert found.id == "unique"


@pytest.mark.parametrize("text", ["owed", "band owed", "owe lat", "nobody"])
async def test_a_search_examines_no_more_than_the_jobs_with_its_rarest_word(
    reader: MongoReader, store: MongoStore, examined: Examined, text: str
) -> None:
    del store
    assert await examined(lambda: reader.search(JobFilter(text=text))) <= 10


async def test_a_search_by_the_beginning_of_an_id_examines_only_those(
    reader: MongoReader, store: MongoStore, examined: Examined
) -> None:
    del store
    assert await examined(lambda: reader.search(JobFilter(), begins="000")) == 20  # counted, and shown


async def test_a_page_of_a_process_examines_only_its_own_jobs_in_the_order_of_the_index(
    reader: MongoReader, store: MongoStore, examined: Examined, database: Database
) -> None:
    jobs = [_job(f"p{n}", goobi=GoobiReference(process_id=17)) for n in range(4)]
    jobs += [_job(f"q{n}", goobi=GoobiReference(process_id=100 + n)) for n in range(MANY)]
    await store.apply(Needs(), lambda _: Plan(jobs=[(None, one) for one in jobs]))
    query = ProcessQuery(process=17, installations=(None, "main"), limit=2)
    first = await examined(lambda: reader.jobs_of_process(query))
    assert first == query.limit + 1
    after = (await reader.jobs_of_process(query)).next_cursor
    more = query.model_copy(update={"cursor": after})
    assert await examined(lambda: reader.jobs_of_process(more)) - first <= len(jobs[:4])
    condition = process_filter(query)
    explained = await database.jobs.find(condition).sort(NEWEST).explain()
    plan = str(explained["queryPlanner"]["winningPlan"])
    assert "'indexName': 'term_by_creation'" in plan
    assert "'stage': 'SORT'" not in plan
