"""One suite over the reader in memory and the one of MongoDB: what the gateway relies on."""

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from taskmanager.errors import CursorError
from taskmanager.model.control import Drain, Stop
from taskmanager.model.hourly_figures import HOUR, HourlyFigures
from taskmanager.model.jobs import (
    Attribution,
    FileRecord,
    FileState,
    GoobiReference,
    HistoryEntry,
    Job,
    JobError,
    JobSpec,
    LogLine,
)
from taskmanager.model.manifest import PluginManifest
from taskmanager.model.operations import JobFilter
from taskmanager.model.queries import (
    FOUND_LIMIT,
    POSITION_LIMIT,
    AuditQuery,
    FileQuery,
    JobQuery,
    Position,
    ProcessQuery,
    Sort,
    SortOrder,
)
from taskmanager.model.registry import (
    FILES_KEPT,
    AuditEntry,
    InstalledPlugin,
    LogBlock,
    RunnerState,
    StoredFile,
)
from taskmanager.model.replicas import HEARD_WITHIN, Replica, ReplicaSet, ReplicaState, Wish
from taskmanager.model.states import Status, Tab
from taskmanager.model.user_content.notes import NOTES_SHOWN, Note, NoteOn
from taskmanager.mongo import MongoReader, MongoStore
from taskmanager.ports.readers import JobReader
from taskmanager.ports.store import Needs, Plan, StatisticsDelta
from taskmanager_scheduler.decisions.statistics import deltas
from taskmanager_testing.reader import FakeReader

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
Write = Callable[[Plan], Awaitable[None]]


def job(number: int, plugin: str = "noop", status: Status = Status.STARTED, **fields: Any) -> Job:
    spec = {name: fields.pop(name) for name in list(fields) if name in JobSpec.model_fields}
    state = {"created": NOW, "queued_at": NOW, "priority": spec.get("priority", 5), **fields}
    return Job(
        id=f"job-{number:03}", spec=JobSpec(plugin=plugin, **spec), client="test", status=status, **state
    )


def numbers(jobs: tuple[Job, ...]) -> list[int]:
    return [int(one.id[-3:]) for one in jobs]


def write_into(fake: FakeReader) -> Write:
    async def write(plan: Plan) -> None:
        for _, after in plan.jobs:
            fake.put(after)
        for plugin in plan.plugins:
            fake.install(plugin)
        fake.known_runners |= {runner.id: runner for runner in plan.runners}
        fake.known_replicas |= {one.key: one for one in plan.replicas}
        fake.blocks += plan.logs
        fake.recorded += plan.files
        fake.figures += plan.figures
        fake.audited += plan.audit
        fake.known_notes |= {note.id: note for note in plan.notes}
        for gone in plan.removed_notes:
            fake.known_notes.pop(gone, None)

    return write


@pytest.fixture
async def both(store_url: str | None) -> AsyncIterator[tuple[JobReader, Write]]:
    if store_url is None:
        fake = FakeReader()
        yield fake, write_into(fake)
        return
    store, reader = MongoStore(store_url), MongoReader(store_url)

    async def write(plan: Plan) -> None:
        await store.apply(Needs(), lambda _: plan)

    yield reader, write
    await reader.close()
    await store.close()


@pytest.fixture
def reader(both: tuple[JobReader, Write]) -> JobReader:
    return both[0]


@pytest.fixture
def write(both: tuple[JobReader, Write]) -> Write:
    return both[1]


async def put(write: Write, *jobs: Job) -> None:
    await write(Plan(jobs=[(None, one) for one in jobs]))


async def pages(reader: JobReader, query: JobQuery) -> list[list[int]]:
    """All pages of a query, one after the other."""
    found: list[list[int]] = []
    cursor: str | None = None
    while not found or cursor:
        page = await reader.jobs(query.model_copy(update={"cursor": cursor}))
        found.append(numbers(page.jobs))
        cursor = page.next_cursor
    return found


async def test_a_job_is_read_as_it_was_stored(reader: JobReader, write: Write) -> None:
    whole = job(
        1,
        title="Band 1",
        goobi={"process_id": 2**62, "process_title": "Bd_1"},
        parameters={"a": [1, 2.5, None, {"b": True}], "ü.x": "ß"},
        callback_url="https://goobi.example/back",
        unique="u",
    )
    await put(write, whole)

    assert await reader.job("job-001") == whole
    assert await reader.job("job-002") is None
    assert await reader.jobs_by_id(["job-002", "job-001"]) == {"job-001": whole}
    assert await reader.jobs_by_id([]) == {}


async def test_the_queue_is_paged_in_the_order_of_starting(reader: JobReader, write: Write) -> None:
    waits = [job(n, priority=n % 3, queued_at=NOW + timedelta(seconds=n // 6)) for n in range(12)]
    await put(write, *waits)
    expected = [one.id for one in sorted(waits, key=lambda one: (-one.priority, one.queued_at, one.id))]

    up = await pages(reader, JobQuery(tab=Tab.QUEUE, sort=Sort.TURN, order=SortOrder.ASC, limit=5))
    down = await pages(reader, JobQuery(tab=Tab.QUEUE, sort=Sort.TURN, order=SortOrder.DESC, limit=5))

    assert [len(page) for page in up] == [5, 5, 2]
    assert [f"job-{n:03}" for page in up for n in page] == expected
    assert [n for page in down for n in page] == [n for page in up for n in page][::-1]


@pytest.mark.parametrize("sort", [Sort.FINISHED, Sort.CREATED])
@pytest.mark.parametrize("order", list(SortOrder))
async def test_times_are_paged_without_gap_or_overlap_and_ties_by_id(
    reader: JobReader, write: Write, sort: Sort, order: SortOrder
) -> None:
    moments = [NOW + timedelta(milliseconds=n // 2) for n in range(9)]
    await put(write, *(job(n, status=Status.DONE, created=at, finished=at) for n, at in enumerate(moments)))

    found = await pages(reader, JobQuery(tab=Tab.DONE, sort=sort, order=order, limit=2))

    flat = [n for page in found for n in page]
    assert flat == (list(range(9)) if order is SortOrder.ASC else list(range(9))[::-1])
    assert found[-1] != []


async def test_jobs_that_were_put_next_come_first_the_first_one_put_first(
    reader: JobReader, write: Write
) -> None:
    later = NOW + timedelta(seconds=1)
    note = Attribution(by="anna", at=NOW)
    await put(
        write,
        job(1, priority=10),
        job(2, priority=0, put_next=note, queued_at=later),
        job(3, priority=9, put_next=note),
    )

    query = JobQuery(tab=Tab.QUEUE, sort=Sort.TURN, order=SortOrder.ASC, limit=1)

    assert await pages(reader, query) == [[3], [2], [1]]


async def test_a_list_is_light_and_the_job_is_whole(reader: JobReader, write: Write) -> None:
    history = tuple(HistoryEntry(at=NOW, status=Status.ERROR, attempt=1, note=str(n)) for n in range(5))
    error = JobError(message="ü" * 4_000, kind="ValueError", traceback="t" * 20_000)
    failed = job(1, status=Status.ERROR, finished=NOW, error=error, history=history)
    await put(write, failed, job(2, status=Status.ERROR, finished=NOW, error=JobError(message="m", kind="k")))

    short, listed = (await reader.jobs(JobQuery(tab=Tab.ERROR, sort=Sort.FINISHED))).jobs

    assert short.error == JobError(message="m", kind="k")
    assert listed.error == JobError(message="ü" * 299 + "…", kind="ValueError")
    assert listed.history == history[-1:]
    assert await reader.job("job-001") == failed


async def test_a_full_last_page_has_no_next_one(reader: JobReader, write: Write) -> None:
    await put(write, *(job(n) for n in range(4)))

    assert await pages(reader, JobQuery(limit=2)) == [[3, 2], [1, 0]]
    assert await pages(reader, JobQuery(limit=2, plugin="other")) == [[]]


async def test_filters_hold_together(reader: JobReader, write: Write) -> None:
    await put(
        write,
        job(1, project="Papers", goobi={"process_id": 1, "process_title": "Amts-Blatt_1890"}),
        job(2, project="Papers", title="ÄMTER und Straßen", status=Status.ERROR, finished=NOW),
        job(3, plugin="jp2", project="Papers", status=Status.PROCESSING),
        job(4, project="Maps", status=Status.CANCELLED, finished=NOW),
    )

    async def found(**filters: Any) -> list[int]:
        return sorted(numbers((await reader.jobs(JobQuery(**filters))).jobs))

    assert await found(project="Papers") == [1, 2, 3]
    assert await found(project="Papers", plugin="noop", tab="queue") == [1]
    assert await found(tab="error") == [2, 4]
    assert await found(status="PROCESSING") == [3]
    assert await found(status="PROCESSING", tab="done") == []
    assert await found(process=1) == [1]
    assert await found(text="BLATT am") == [1]
    assert await found(text="latt") == []
    assert await found(text="ämt strass") == [2]
    assert await found(text="$.*") == []


async def test_jobs_in_error_are_grouped_and_found_by_their_messages(reader: JobReader, write: Write) -> None:
    def failed(number: int, message: str, plugin: str = "noop") -> Job:
        error = JobError(message=message, kind="OSError", traceback="at length")
        ended = NOW + timedelta(seconds=number)
        goobi = {"process_id": number // 2}
        return job(number, plugin, status=Status.ERROR, finished=ended, error=error, goobi=goobi)

    full = [failed(n, f"disk {n} is full", "jp2" if n == 3 else "noop") for n in range(4)]
    other = failed(4, "Tiefe: ÄHNLICH")
    await put(
        write, *full, other, job(5, title="disk is full"), job(6, status=Status.CANCELLED, finished=NOW)
    )

    first, second = await reader.error_groups(["noop", "jp2"])
    assert (first.jobs, first.first, first.last) == (4, full[0].finished, full[3].finished)
    assert (first.plugins, first.processes, first.job) == (("jp2", "noop"), 2, "job-003")
    assert (first.error.message, first.error.traceback) == ("disk 3 is full", None)
    assert (second.jobs, second.plugins) == (1, ("noop",))
    assert [one.jobs for one in await reader.error_groups(["jp2"])] == [1]

    async def found(**filters: Any) -> list[int]:
        assert (await reader.preview(JobFilter(**filters))).count == len(
            (await reader.jobs(JobQuery(**filters))).jobs
        )
        return sorted(numbers((await reader.jobs(JobQuery(**filters))).jobs))

    assert await found(plugin="noop", error_group=first.group) == [0, 1, 2]
    assert await found(error_group=first.group, tab="error", status="ERROR") == [0, 1, 2, 3]
    assert await found(error_text="ful disk") == [0, 1, 2, 3]
    assert await found(error_text="ähn") == [4]
    assert await found(error_text="isk") == await found(error_text="$.*") == []
    assert await found(text="disk") == [5]
    retried = full[0].model_copy(update={"status": Status.STARTED, "finished": None, "error": None, "rev": 1})
    await write(Plan(jobs=[(full[0], retried)]))
    assert await found(error_group=first.group) == [1, 2, 3]


async def test_places_are_those_among_all_that_wait(reader: JobReader, write: Write) -> None:
    waiting = [job(n, priority=n % 2, queued_at=NOW + timedelta(seconds=n)) for n in range(6)]
    others = [job(7, status=Status.PROCESSING, priority=9), job(8, status=Status.PAUSED, priority=9)]
    await put(write, *waiting, *others, job(9, plugin="jp2", priority=9))

    assert await reader.places([waiting[0], waiting[3], *others]) == {"job-003": 2, "job-000": 4}
    assert await reader.places(others) == {}


async def test_jobs_that_ended_after_a_moment_are_listed_counted_and_meant_alike(
    reader: JobReader, write: Write
) -> None:
    why = JobError(message="m", kind="k")
    ended = [job(n, status=Status.ERROR, finished=NOW + timedelta(seconds=n), error=why) for n in range(5)]
    cancelled = job(5, status=Status.CANCELLED, finished=NOW + timedelta(seconds=9))
    foreign = job(6, plugin="jp2", status=Status.ERROR, finished=NOW + timedelta(seconds=9), error=why)
    await put(write, *ended, cancelled, foreign)
    after = NOW + timedelta(seconds=2)
    chosen: dict[str, Any] = {
        "plugin": "noop",
        "tab": Tab.ERROR,
        "status": Status.ERROR,
        "ended_after": after,
    }

    for sort in (Sort.FINISHED, Sort.CREATED):
        listed = await pages(reader, JobQuery(sort=sort, limit=1, **chosen))
        assert sorted(n for page in listed for n in page) == [3, 4]
    assert (await reader.preview(JobFilter(**chosen))).count == 2
    assert await reader.failed_since("noop", after) == 2
    retried = ended[4].model_copy(
        update={"status": Status.STARTED, "finished": None, "error": None, "rev": 1}
    )
    await write(Plan(jobs=[(ended[4], retried)]))
    assert await reader.failed_since("noop", after) == 1
    assert await reader.failed_since("noop", NOW - timedelta(days=1)) == 4


@pytest.mark.parametrize("sort", [Sort.TURN, Sort.CREATED])
async def test_lists_keep_to_priorities_ages_and_names_as_operations_do(
    reader: JobReader, write: Write, sort: Sort
) -> None:
    jobs = [job(n, priority=n, created=NOW + timedelta(seconds=n)) for n in range(8)]
    jobs[6] = jobs[6].model_copy(update={"put_next": Attribution(by="anna", at=NOW)})
    await put(write, *jobs)
    filters: list[dict[str, Any]] = [
        {"priority_min": 3, "priority_max": 6},
        {"priority_max": 2},
        {"created_after": NOW + timedelta(seconds=4)},
        {"created_before": NOW + timedelta(seconds=4), "priority_min": 2},
        {"ids": ("job-001", "job-007", "job-009")},
        {"plugins": ("noop",), "priority_min": 7},
        {"plugins": ("other",)},
    ]

    found = []
    for fields in filters:
        query = JobQuery(tab=Tab.QUEUE, sort=sort, order=SortOrder.ASC, limit=2, **fields)
        listed = sorted(n for page in await pages(reader, query) for n in page)
        preview = await reader.preview(JobFilter(tab=Tab.QUEUE, **fields))
        assert preview.count == len(listed)
        found.append(listed)

    assert found == [[3, 4, 5, 6], [0, 1, 2], [5, 6, 7], [2, 3], [1, 7], [7], []]


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "bnVsbA==",
        "W10=",
        "ä",
        "WyJjcmVhdGVkIiwiZGVzYyIsNSw1XQ==",
        "W1tbW1tbW1tbW1tb",
        "eyJhIjoxfQ==",
    ],
)
async def test_a_cursor_nobody_made_is_refused(reader: JobReader, cursor: str) -> None:
    with pytest.raises(ValueError, match="cursor"):
        await reader.jobs(JobQuery(cursor=cursor))


@pytest.mark.parametrize(
    "values",
    [
        [10**30, NOW.isoformat(), "job-001"],
        [5, "0001-01-01T00:00:00+23:00", "job-001"],
        [5, NOW.isoformat(), {"$gt": ""}],
        [5, None, "job-001"],
        [True, NOW.isoformat(), "job-001"],
        [5, NOW.isoformat()],
    ],
)
async def test_a_forged_cursor_is_refused(reader: JobReader, values: list[Any]) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(["turn", "asc", *values]).encode()).decode()
    query = JobQuery(tab=Tab.QUEUE, sort=Sort.TURN, order=SortOrder.ASC, cursor=cursor)

    with pytest.raises(ValueError, match="cursor"):
        await reader.jobs(query)


async def test_a_cursor_of_another_order_is_refused(reader: JobReader, write: Write) -> None:
    await put(write, job(1), job(2))
    page = await reader.jobs(JobQuery(limit=1))

    by_turn, by_end = JobQuery(tab=Tab.QUEUE, sort=Sort.TURN), JobQuery(tab=Tab.DONE, sort=Sort.FINISHED)
    for query in (JobQuery(order=SortOrder.ASC), by_turn, by_end):
        with pytest.raises(ValueError, match="cursor"):
            await reader.jobs(query.model_copy(update={"cursor": page.next_cursor}))


async def test_words_are_not_found_in_projects_or_numbers(reader: JobReader, write: Write) -> None:
    await put(
        write, job(1, title="a", project="project b", goobi={"process_id": 12}), job(2, title="12 project")
    )

    async def found(**filters: Any) -> list[int]:
        return numbers((await reader.jobs(JobQuery(**filters))).jobs)

    assert await found(text="project") == await found(text="12") == [2]
    assert await found(project="project b") == await found(process=12) == [1]
    assert await found(text="...") == await found(project="b") == await found(process=1) == []


async def test_all_plugins_are_listed_as_one(reader: JobReader, write: Write) -> None:
    await put(write, *(job(n, plugin=f"p{n % 3}", priority=n % 2, queued_at=NOW) for n in range(7)))

    turns = await pages(reader, JobQuery(tab=Tab.QUEUE, sort=Sort.TURN, order=SortOrder.ASC, limit=2))
    times = await pages(reader, JobQuery(limit=3))

    assert turns == [[1, 3], [5, 0], [2, 4], [6]]
    assert times == [[6, 5, 4], [3, 2, 1], [0]]


async def test_only_a_job_in_the_queue_holds_a_unique_key(reader: JobReader, write: Write) -> None:
    await put(write, job(1, status=Status.DONE, unique="u"), job(2, status=Status.PAUSED, unique="u"), job(3))

    holder = await reader.active_by_unique("u")

    assert holder is not None
    assert holder.id == "job-002"
    assert await reader.active_by_unique("v") is None


async def test_a_position_counts_the_waiting_jobs_of_the_plugin_that_start_before(
    reader: JobReader, write: Write
) -> None:
    later = NOW + timedelta(seconds=1)
    jobs = [
        job(1, priority=9),
        job(2, queued_at=NOW),
        job(3, queued_at=NOW),
        job(4, queued_at=later),
        job(5, priority=1),
        job(6, priority=9, status=Status.PROCESSING),
        job(7, priority=9, status=Status.PAUSED),
        job(8, plugin="other", priority=9),
        job(9, priority=9, status=Status.DONE, finished=NOW),
    ]
    await put(write, *jobs)

    ahead = [(await reader.position(one)).ahead for one in jobs[:5]]

    assert ahead == [0, 1, 2, 3, 4]
    first = job(11, priority=0, put_next=Attribution(by="anna", at=NOW))
    await put(write, first)
    assert [(await reader.position(one)).ahead for one in (first, jobs[0])] == [0, 1]
    assert await reader.position(job(10, plugin="none")) == Position(ahead=0)


async def test_a_position_is_counted_to_its_limit(reader: JobReader, write: Write) -> None:
    await put(write, *(job(n, queued_at=NOW) for n in range(POSITION_LIMIT + 5)))
    last = job(1, queued_at=NOW + timedelta(seconds=1))

    assert await reader.position(last) == Position(ahead=POSITION_LIMIT, capped=True)


def entry(number: int, **fields: Any) -> AuditEntry:
    state = {"at": NOW + timedelta(seconds=number // 2), "actor": "anna", "reason": "", **fields}
    return AuditEntry(id=f"command-{number:03}", action="cancel", outcome="done", **state)


async def audited(reader: JobReader, **filters: Any) -> list[list[int]]:
    """All pages of the audit, one after the other."""
    found: list[list[int]] = []
    cursor: str | None = None
    while not found or cursor:
        page = await reader.audit(AuditQuery(**filters, cursor=cursor))
        found.append([int(one.id[-3:]) for one in page.entries])
        cursor = page.next_cursor
    return found


async def test_the_audit_is_paged_newest_first_by_job_and_by_plugin(reader: JobReader, write: Write) -> None:
    entries = [entry(n, plugin="noop" if n % 3 else "jp2", job=f"job-{n % 2}") for n in range(7)]
    await write(Plan(audit=[*entries, entry(7)]))

    assert await audited(reader, limit=3) == [[7, 6, 5], [4, 3, 2], [1, 0]]
    assert await audited(reader, limit=2, plugin="jp2") == [[6, 3], [0]]
    assert await audited(reader, job="job-1") == [[5, 3, 1]]
    assert await audited(reader, job="job-1", plugin="jp2") == [[3]]
    assert await audited(reader, job="job-9") == [[]]
    assert (await reader.audit(AuditQuery(limit=1))).entries == (entry(7),)


@pytest.mark.parametrize(
    "cursor", ["", "x", "ä", "bnVsbA==", "W10=", "WzEsMl0=", "[1]", "WyIxOTk5LTAxLTAxIiwxXQ=="]
)
async def test_a_cursor_the_audit_did_not_give_out_is_refused(reader: JobReader, cursor: str) -> None:
    with pytest.raises(ValueError, match="cursor"):
        await reader.audit(AuditQuery(cursor=cursor))


async def test_a_log_is_read_in_order_from_any_position(reader: JobReader, write: Write) -> None:
    line = LogLine(at=NOW, level="info", text="a line")
    positions = [(1, 1), (1, 2), (1, 10), (2, 1), (2, 3)]
    blocks = [LogBlock(job="job-001", attempt=a, seq=s, lines=(line,)) for a, s in reversed(positions)]
    other = LogBlock(job="job-002", attempt=1, seq=1, lines=(line,))
    await write(Plan(logs=[*blocks, other]))

    async def found(after: tuple[int, int] = (0, 0), limit: int = 100) -> list[tuple[int, int]]:
        read = await reader.log("job-001", after=after, limit=limit)
        assert all(block.lines == (line,) for block in read)
        return [(block.attempt, block.seq) for block in read]

    assert await found() == positions
    assert await found((1, 2)) == positions[2:]
    assert await found((1, 10), limit=1) == [(2, 1)]
    assert await found((2, 3)) == []


def stored_file(number: int, attempt: int = 1, of: str = "job-001", **fields: Any) -> StoredFile:
    known = {"name": f"{number:04}.tif", "state": FileState.DONE, **fields}
    return StoredFile(job=of, attempt=attempt, number=number, at=NOW, file=FileRecord.model_validate(known))


async def file_pages(reader: JobReader, query: FileQuery) -> list[list[int]]:
    found: list[list[int]] = []
    cursor: str | None = None
    while not found or cursor:
        page = await reader.files(query.model_copy(update={"cursor": cursor}))
        found.append([one.number for one in page.files])
        cursor = page.next_cursor
    return found


async def test_files_of_an_attempt_are_paged_in_their_order(reader: JobReader, write: Write) -> None:
    whole = stored_file(
        1,
        results=["a.jp2"],
        facts={"$size.x": "2480 x 3508", "a\0b": None, "bits": 8, "grey": True},
        result_facts={"deep": [1, {"a": 2.5}]},
        bytes=2**62,
        seconds=1.25,
        warnings=["no profile"],
        error="odd",
    )
    others = [stored_file(number) for number in (100_000, 2, 10, 9)]
    noise = [stored_file(1, attempt=2), stored_file(1, of="job-002"), stored_file(3, of="job-001x")]
    await write(Plan(files=[*noise, *others, whole]))
    query = FileQuery(job="job-001", attempt=1)

    assert (await reader.files(query)).files[0] == whole
    assert await file_pages(reader, query) == [[1, 2, 9, 10, 100_000]]
    assert await file_pages(reader, query.model_copy(update={"limit": 2})) == [[1, 2], [9, 10], [100_000]]
    assert await file_pages(reader, query.model_copy(update={"limit": 5})) == [[1, 2, 9, 10, 100_000]]
    assert await file_pages(reader, FileQuery(job="job-001", attempt=3)) == [[]]


async def test_files_are_kept_to_a_state(reader: JobReader, write: Write) -> None:
    states = [FileState.DONE, FileState.FAILED, FileState.LEFT_OUT, FileState.FAILED]
    await write(Plan(files=[stored_file(number, state=state) for number, state in enumerate(states, 1)]))
    query = FileQuery(job="job-001", attempt=1, limit=1)

    assert await file_pages(reader, query.model_copy(update={"state": FileState.FAILED})) == [[2], [4]]
    assert await file_pages(reader, query.model_copy(update={"state": FileState.LEFT_OUT})) == [[3]]


async def test_the_end_of_a_cut_list_says_so(reader: JobReader, write: Write) -> None:
    await write(Plan(files=[stored_file(number) for number in (1, FILES_KEPT, FILES_KEPT + 1)]))

    async def read(limit: int, cursor: str | None = None) -> tuple[list[int], str | None, bool]:
        query = FileQuery(job="job-001", attempt=1, limit=limit, cursor=cursor)
        page = await reader.files(query)
        return [one.number for one in page.files], page.next_cursor, page.cut

    assert await read(10) == ([1, FILES_KEPT], None, True)
    assert await read(2) == ([1, FILES_KEPT], None, True)
    assert await read(1) == ([1], "1.1", False)
    assert await read(1, "1.1") == ([FILES_KEPT], None, True)


@pytest.mark.parametrize("cursor", ["", "1", "2.1", "1.x", "1.-1", "1.²", "1." + "9" * 40])
async def test_a_cursor_of_other_files_is_refused(reader: JobReader, cursor: str) -> None:
    with pytest.raises(ValueError, match="cursor"):
        await reader.files(FileQuery(job="job-001", attempt=1, cursor=cursor))


async def test_jobs_that_wait_since_a_restore_are_listed(reader: JobReader, write: Write) -> None:
    held = Attribution(by="anna", at=NOW)
    await put(
        write,
        job(1, status=Status.PAUSED, held=held, restored=NOW),
        job(2, status=Status.PAUSED, held=held),
        job(3, status=Status.PAUSED, held=held, restored=NOW, plugin="jp2"),
        job(4),
    )
    assert await pages(reader, JobQuery(restored=True)) == [[3, 1]]
    assert await pages(reader, JobQuery(plugin="noop", tab=Tab.QUEUE, restored=True)) == [[1]]
    kept = await reader.job("job-003")
    assert kept is not None
    assert kept.restored == NOW


async def test_jobs_with_warnings_are_listed_by_their_end_and_by_their_submission(
    reader: JobReader, write: Write
) -> None:
    ended: dict[str, Any] = {"status": Status.DONE, "finished": NOW}
    await put(
        write,
        job(1, warnings=3, warning_texts=("a", "b"), **ended),
        job(2, **ended),
        job(3, warnings=1, plugin="jp2", **ended),
        job(4, warnings=1, status=Status.ERROR, finished=NOW),
        job(5, warnings=1),
    )
    done = JobQuery(tab=Tab.DONE, warnings=True, sort=Sort.FINISHED)

    assert await pages(reader, done) == [[3, 1]]
    assert await pages(reader, done.model_copy(update={"plugin": "noop"})) == [[1]]
    assert await pages(reader, JobQuery(plugin="noop", warnings=True)) == [[5, 4, 1]]
    assert await pages(reader, JobQuery(warnings=True, limit=3)) == [[5, 4, 3], [1]]
    (listed,) = (await reader.jobs(JobQuery(ids=("job-001",)))).jobs
    assert (listed.warnings, listed.warning_texts) == (3, ())
    assert (await reader.preview(JobFilter(plugin="noop", tab=Tab.ERROR, warnings=True))).count == 1


async def test_jobs_at_work_are_listed_by_their_runner(reader: JobReader, write: Write) -> None:
    jobs = [
        job(1, status=Status.PROCESSING, owner="r-2", title="Akten"),
        job(2, status=Status.UPLOAD, owner="r-1"),
        job(3),
        job(4, status=Status.DOWNLOAD, owner="r-2"),
    ]
    pairs = [(None, one) for one in jobs]
    await write(Plan(jobs=pairs, statistics=deltas(pairs)))
    found = await reader.at_work(10)
    assert [(one.runner, one.job) for one in found] == [
        ("r-1", "job-002"),
        ("r-2", "job-001"),
        ("r-2", "job-004"),
    ]
    assert (found[1].title, found[1].plugin, found[1].status) == ("Akten", "noop", Status.PROCESSING)
    assert len(await reader.at_work(2)) == 2


async def test_replicas_are_listed_by_place_and_the_database_knows_who_was_heard(
    reader: JobReader, write: Write
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    sets = [
        ReplicaSet(
            plugin=plugin,
            place=place,
            wish=Wish(desired=1),
            wished=Attribution(by="anna", at=NOW),
            engine="fake",
            most=2,
            agent="a",
            reported=now if place == "here" else now - 2 * HEARD_WITHIN,
            heard=place == "here",
            replicas=(Replica(name="1", runner="r-1", state=ReplicaState.RUNNING),),
            rev=1,
        )
        for plugin, place in (("b", "there"), ("a", "here"), ("b", "here"))
    ]
    await write(Plan(replicas=sets))

    assert list(await reader.replica_sets()) == sorted(sets, key=lambda one: one.key)
    assert [(one.key, one.heard) for one in await reader.replica_sets("b")] == [
        ("here/b", True),
        ("there/b", False),
    ]


async def test_plugins_runners_and_statistics_are_listed_by_name(reader: JobReader, write: Write) -> None:
    plugins = [
        InstalledPlugin(
            manifest=PluginManifest(name=name, title=name, job_type=name),
            installed_at=NOW,
            stop=Stop(by="anna", at=NOW) if name == "a" else None,
            rev=1,
        )
        for name in ("b", "a")
    ]
    runners = [
        RunnerState(
            id=f"{name}-1",
            instance="x",
            plugin=name,
            host="h",
            version="1",
            slots=2,
            transfers=1,
            busy=0,
            started_at=NOW,
            last_heartbeat=datetime.now(UTC).replace(microsecond=0),
            drain=Drain(by="anna", at=NOW, until=NOW) if name == "a" else None,
        )
        for name in ("b", "a")
    ]
    jobs = [(None, job(1, plugin="a", files=2, bytes=30)), (None, job(2, plugin="a"))]
    counted = StatisticsDelta("a", Tab.QUEUE, jobs=2, files=2, bytes=30, statuses={Status.STARTED: 2})
    await write(Plan(jobs=jobs, plugins=plugins, runners=runners, statistics=[counted]))

    assert [plugin.name for plugin in await reader.plugins()] == ["a", "b"]
    assert list(await reader.plugins()) == sorted(plugins, key=lambda plugin: plugin.name)
    assert [runner.id for runner in await reader.runners()] == ["a-1", "b-1"]
    assert [runner.alive for runner in await reader.runners("b")] == [True]
    assert [runner.drain for runner in await reader.runners()] == [runner.drain for runner in runners][::-1]
    (sums,) = await reader.statistics("a")
    assert (sums.tab, sums.jobs, sums.files, sums.bytes) == (Tab.QUEUE, 2, 2, 30)
    assert sums.statuses == {Status.STARTED: 2}
    assert await reader.statistics("b") == []
    assert [row.plugin for row in await reader.statistics()] == ["a"]


async def test_figures_of_an_hour_grow_and_are_read_by_hour_and_plugin(
    reader: JobReader, write: Write
) -> None:
    one = HourlyFigures(
        plugin="a",
        hour=NOW,
        done=2,
        files=3,
        bytes=2**40,
        running_seconds=1.5,
        longest_seconds=1,
        durations={10: 2},
        waits={3: 2},
    )
    more = HourlyFigures(
        plugin="a",
        hour=NOW,
        done=1,
        failed=1,
        longest_seconds=0.5,
        durations={9: 1, 10: 1},
        waits={3: 1, 4: 1},
        errors={"files": 1},
    )
    later = one.model_copy(update={"hour": NOW + HOUR})
    await write(Plan(figures=[one, one.model_copy(update={"plugin": "a-b"})]))
    await write(Plan(figures=[more, later]))

    now = await reader.hourly(NOW + timedelta(minutes=59), "a")
    everything = await reader.hourly(NOW - HOUR)

    assert [(found.hour, found.done) for found in now] == [(NOW, 3), (NOW + HOUR, 2)]
    assert now[0] == HourlyFigures(
        plugin="a",
        hour=NOW,
        done=3,
        failed=1,
        files=3,
        bytes=2**40,
        running_seconds=1.5,
        longest_seconds=1,
        durations={9: 1, 10: 3},
        waits={3: 3, 4: 1},
        errors={"files": 1},
    )
    assert [found.plugin for found in everything] == ["a", "a-b", "a"]
    assert await reader.hourly(NOW + HOUR, "a-b") == []


async def test_the_oldest_waiting_job_is_found_whatever_its_priority(reader: JobReader, write: Write) -> None:
    moments = [NOW + timedelta(seconds=n) for n in range(5)]
    await put(
        write,
        job(0, queued_at=moments[0], status=Status.PROCESSING),
        job(1, queued_at=moments[1], plugin="other"),
        job(2, queued_at=moments[2], priority=0),
        job(3, queued_at=moments[3], priority=9),
        job(4, queued_at=moments[4], put_next=Attribution(by="anna", at=NOW)),
    )

    assert await reader.oldest_waiting("noop") == moments[2]
    assert await reader.oldest_waiting("none") is None


async def test_the_trace_of_a_job_is_kept(reader: JobReader, write: Write) -> None:
    traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    traced, other = job(0, traceparent=traceparent), job(1)
    await put(write, traced, other)

    found = await reader.jobs_by_id([traced.id, other.id])

    assert [found[one.id].traceparent for one in (traced, other)] == [traceparent, None]


async def test_jobs_that_back_off_are_counted_by_plugin_until_their_time_has_come(
    reader: JobReader, write: Write
) -> None:
    soon, later = NOW + timedelta(seconds=1), NOW + timedelta(seconds=9)
    await put(
        write,
        job(0, not_before=later, ticket_due=later),
        job(1, not_before=later, ticket_due=later, plugin="other"),
        job(2, not_before=soon, ticket_due=soon),
        job(3, not_before=later, status=Status.PAUSED),
        job(4, not_before=later, status=Status.CANCELLED),
        job(5, ticket_due=NOW),
    )

    assert dict(await reader.backing_off(NOW)) == {"noop": 2, "other": 1}
    assert dict(await reader.backing_off(soon)) == {"noop": 1, "other": 1}
    assert dict(await reader.backing_off(later)) == {}


async def test_a_store_that_answers_answers_a_ping(reader: JobReader) -> None:
    await reader.ping()


@pytest.mark.parametrize(
    ("collection", "broken"),
    [
        ("jobs", {"_id": "broken", "plugin": "noop", "tab": "queue", "created": NOW, "queued_at": NOW}),
        ("audit", {"_id": "broken", "at": NOW, "job": 7}),
        ("plugins", {"_id": "broken", "manifest": "none"}),
        ("runners", {"_id": "broken", "plugin": "noop"}),
        ("users", {"_id": "broken", "name": 7}),
        ("tokens", {"_id": "broken", "created": {"at": NOW}}),
    ],
)
async def test_one_unreadable_document_does_not_hide_the_others(
    mongodb_url: str, collection: str, broken: dict[str, Any]
) -> None:
    store, made = MongoStore(mongodb_url), MongoReader(mongodb_url)
    await store.apply(Needs(), lambda _: Plan(jobs=[(None, job(1))]))
    await store._database[collection].insert_one(broken)

    page = await made.jobs(JobQuery(plugin="noop", tab=Tab.QUEUE))
    assert numbers(page.jobs) == [1]
    assert (await made.audit(AuditQuery())).entries == ()
    for read in (made.plugins, made.runners, made.users, made.tokens):
        assert list(await read()) == []
    await made.close()
    await store.close()


async def test_a_search_finds_the_newest_jobs_and_counts_those_of_each_tab(
    reader: JobReader, write: Write
) -> None:
    failed = JobError(message="no space left", kind="OSError")
    await put(
        write,
        *(job(number, title="Band", created=NOW + timedelta(hours=number % 5)) for number in range(5)),
        job(6, "jp2", Status.ERROR, title="Bandwurm", finished=NOW, error=failed),
        job(7, title="Anderes"),
    )
    found = await reader.search(JobFilter(text="ban"), shown=2)
    assert [one.id for one in found.jobs] == ["job-004", "job-003"]
    assert [(one.plugin, one.tab, one.jobs) for one in found.places] == [
        ("jp2", Tab.ERROR, 1),
        ("noop", Tab.QUEUE, 5),
    ]
    assert (found.count, found.capped) == (6, False)
    within = await reader.search(JobFilter(text="ban", plugins=("jp2",)))
    assert [one.id for one in within.jobs] == ["job-006"]
    message = JobFilter(tab=Tab.ERROR, status=Status.ERROR, error_text="spa left")
    assert [one.id for one in (await reader.search(message)).jobs] == ["job-006"]
    by_id = await reader.search(JobFilter(plugins=("noop",)), begins="job-00")
    assert by_id.count == 6
    assert (await reader.search(JobFilter(), begins="job.")).count == 0
    assert (await reader.search(JobFilter(text="nobody"))).jobs == ()


async def test_a_search_counts_no_further_than_its_limit(reader: JobReader, write: Write) -> None:
    await put(write, *(job(number, title="Band") for number in range(FOUND_LIMIT + 1)))
    found = await reader.search(JobFilter(text="band"), shown=3)
    assert (len(found.jobs), found.count, found.capped) == (3, FOUND_LIMIT, True)


async def test_the_projects_are_those_of_a_plugin_s_jobs(reader: JobReader, write: Write) -> None:
    await put(
        write,
        job(1, project="b"),
        job(2, project="A"),
        job(3, project="b"),
        job(4),
        job(5, "jp2", project="c"),
    )
    assert await reader.projects("noop") == ["A", "b"]
    assert await reader.projects("nobody") == []


def _of_process(number: int, plugin: str, installation: str | None = None, **reference: int) -> Job:
    goobi = GoobiReference(**{"process_id": 17, "installation": installation, **reference})
    return job(number, plugin, goobi=goobi, created=NOW + timedelta(seconds=number // 2))


async def test_the_jobs_of_a_process_come_newest_first_over_all_plugins(
    reader: JobReader, write: Write
) -> None:
    await put(
        write,
        *(_of_process(number, "noop" if number % 2 else "jp2", "main" if number % 3 else None)
          for number in range(1, 8)),
        _of_process(8, "noop", "maps"),
        _of_process(9, "noop", process_id=18),
        job(10),
    )  # fmt: skip
    wanted = ProcessQuery(process=17, installations=(None, "main"), limit=3)
    first = await reader.jobs_of_process(wanted)
    assert numbers(first.jobs) == [7, 6, 5]
    second = await reader.jobs_of_process(wanted.model_copy(update={"cursor": first.next_cursor}))
    assert numbers(second.jobs) == [4, 3, 2]
    last = await reader.jobs_of_process(wanted.model_copy(update={"cursor": second.next_cursor}))
    assert (numbers(last.jobs), last.next_cursor) == ([1], None)


async def test_the_jobs_of_a_process_are_kept_apart_by_installation_step_and_plugin(
    reader: JobReader, write: Write
) -> None:
    await put(write, _of_process(1, "noop", step_id=4), _of_process(2, "jp2"), _of_process(3, "noop", "maps"))

    async def found(installations: tuple[str | None, ...], **more: Any) -> list[int]:
        query = ProcessQuery(process=17, installations=installations, **more)
        return numbers((await reader.jobs_of_process(query)).jobs)

    assert await found((None, "main")) == [2, 1]
    assert await found(("maps",)) == [3]
    assert await found(("other",)) == []
    assert await found((None, "maps"), step=4) == [1]
    assert await found((None, "maps"), plugins=("jp2",)) == [2]
    assert await found((None, "maps"), plugins=()) == []


@pytest.mark.parametrize("cursor", ["x", "WzFd", "WyIyMDI2IiwxXQ=="])
async def test_a_cursor_of_another_list_is_refused_for_a_process(reader: JobReader, cursor: str) -> None:
    with pytest.raises(CursorError):
        await reader.jobs_of_process(ProcessQuery(process=17, installations=(None,), cursor=cursor))


async def test_the_newest_notes_on_a_thing_are_read_and_each_can_be_removed(
    reader: JobReader, write: Write
) -> None:
    notes = [
        Note(
            id=f"note-{number:03}", on=NoteOn.PLUGIN, key="jp2", text=f"disk {number}\nnew", by="anna",
            at=NOW + timedelta(seconds=number // 2),
        )
        for number in range(NOTES_SHOWN + 3)
    ]  # fmt: skip
    other = Note(id="other", on=NoteOn.PROCESS, key="main/17", text="ask anna", by="otto", at=NOW)
    await write(Plan(notes=[*notes, other]))
    assert list(await reader.notes(NoteOn.PLUGIN, "jp2")) == notes[::-1][:NOTES_SHOWN]
    assert list(await reader.notes(NoteOn.PROCESS, "main/17")) == [other]
    assert await reader.notes(NoteOn.JOB, "jp2") == []
    await write(Plan(removed_notes=["other"], notes=notes))
    assert await reader.note("other") is None
    assert await reader.note("note-001") == notes[1]
