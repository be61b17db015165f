"""Fills the database as years of work would: ended and waiting jobs of one plugin, and their statistics.

Some hundred jobs go through the model's own `to_document`; all others are copies of those with what differs.
Indexes are made afterwards, by the migration.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from pymongo import WriteConcern
from tests.bench.stage.servers import Servers
from tests.bench.stage.system import System, migrate, running_system

from taskmanager.model.jobs import GoobiReference, HistoryEntry, Job, JobError, JobSpec
from taskmanager.model.states import Status
from taskmanager.mongo import MongoStore
from taskmanager.mongo.base.documents import term, to_document, words
from taskmanager.ports.store import Needs, Plan, StatisticsDelta

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
EVERY = timedelta(seconds=60)
TOOK = timedelta(seconds=20)
FORMS = 300
INSERT = 2_000
PROJECTS = 50
PRIORITIES = 6
"""0 to 5."""
ONE_FAILS_OF = 100
FILES, BYTES = 120, 480_000_000
WORKS = ("Stadtchronik", "Kirchenbuch", "Gartenlaube", "Reisebericht", "Amtsblatt", "Adressbuch")

Document = dict[str, Any]


@contextmanager
def gateway_alone(servers: Servers, folder: Path, plugin: str) -> Iterator[System]:
    """A system that knows the plugin, with scheduler and runner stopped, as `seed` needs it."""
    with running_system(servers, folder, slots={plugin: 1}) as system:
        for name in (f"runner-{plugin}", "scheduler"):
            system.services.pop(name).stop()
        yield system


def seed(system: System, plugin: str, *, stored: int, queued: int, folders: bool = True) -> None:
    """Store that many jobs of the plugin, of which `queued` wait; nothing else may write meanwhile.

    Their folders do not exist, so those that start fail; without `folders` they do nothing, and are done.
    """
    jobs = system.database.jobs.with_options(write_concern=WriteConcern(1))
    jobs.drop_indexes()
    made = documents(plugin, stored, queued, folders=folders)
    statuses: Counter[str] = Counter()
    under_way: Future[Any] | None = None
    with ThreadPoolExecutor(1) as pool:
        while group := list(islice(made, INSERT)):
            statuses.update(document["status"] for document in group)
            if under_way is not None:
                under_way.result()
            under_way = pool.submit(jobs.insert_many, group, ordered=False)
    migrate(system)
    asyncio.run(_write_statistics(system, plugin, statuses))


def documents(plugin: str, stored: int, queued: int, *, folders: bool = True) -> Iterator[Document]:
    """The oldest first; those that wait are the newest."""
    forms = {
        status: [to_document(example(plugin, number, status, folders=folders)) for number in range(FORMS)]
        for status in (Status.DONE, Status.ERROR, Status.STARTED)
    }
    for number in range(stored):
        yield _copied(forms[_status(number, stored - queued)][number % FORMS], number)


def _status(number: int, ended: int) -> Status:
    if number >= ended:
        return Status.STARTED
    return Status.ERROR if number % ONE_FAILS_OF == 0 else Status.DONE


def example(plugin: str, number: int, status: Status, *, folders: bool = True) -> Job:
    """A job as Goobi would have submitted it; without the fields that differ between any two."""
    at, ended = FIRST, status.final
    return Job(
        id="",
        spec=_spec(plugin, number, folders=folders),
        client="goobi",
        status=status,
        priority=number % PRIORITIES,
        created=at,
        queued_at=at,
        started_at=at if ended else None,
        finished=at if ended else None,
        files=FILES,
        bytes=BYTES,
        attempt=1 if ended else 0,
        error=_error() if status is Status.ERROR else None,
        history=tuple(_history(status)),
        rev=4 if ended else 1,
    )


def _spec(plugin: str, number: int, *, folders: bool) -> JobSpec:
    folder = f"/opt/digiverso/goobi/metadata/{number}/images"
    return JobSpec(
        plugin=plugin,
        source=f"{folder}/book_master" if folders else None,
        destination=f"{folder}/book_media" if folders else None,
        priority=number % PRIORITIES,
        goobi=GoobiReference(process_id=0, step_id=number, process_title=""),
        project=f"project {number % PROJECTS}",
    )


def _history(status: Status) -> Iterator[HistoryEntry]:
    steps = [Status.STARTED]
    if status.final:
        steps += [Status.WAITINGFORUPLOAD, Status.PROCESSING, Status.DOWNLOAD, status]
    for step in steps:
        yield HistoryEntry(at=FIRST, status=step, attempt=int(step is not Status.STARTED), note=step.lower())


def _error() -> JobError:
    traceback = "\n".join(f'  File "plugin.py", line {line}, in run' for line in range(20))
    return JobError(message="0007.tif: the image is damaged", kind="JobFailedError", traceback=traceback)


def _copied(form: Document, number: int) -> Document:
    """A distinct copy of a document: id, times, titles and search terms."""
    created = FIRST + number * EVERY
    title, process = (
        f"{WORKS[number % len(WORKS)]} {number}",
        f"{WORKS[number // 7 % len(WORKS)]}_{number // 3}",
    )
    spec, goobi = form["spec"], form["spec"]["goobi"]
    ended = {"started_at": created, "finished": created + TOOK} if form["finished"] else {}
    return {
        **form,
        **ended,
        "_id": job_id(number),
        "created": created,
        "queued_at": created,
        "spec": {
            **spec,
            "title": title,
            "goobi": {**goobi, "process_id": number // 3, "process_title": process},
        },
        "terms": [*words([title, process]), term("process", number // 3), term("project", spec["project"])],
    }


def job_id(number: int) -> str:
    """The id of a seeded job, in the usual form."""
    return f"00000000-0000-7000-8000-{number:012d}"


async def _write_statistics(system: System, plugin: str, statuses: Counter[str]) -> None:
    """Write the statistics as the scheduler would have done job by job."""
    store = MongoStore(system.environment["MONGODB_URL"])
    deltas = [_delta(plugin, Status(status), number) for status, number in statuses.items()]
    await store.apply(Needs(), lambda _: Plan(statistics=deltas))
    await store.close()


def _delta(plugin: str, status: Status, number: int) -> StatisticsDelta:
    return StatisticsDelta(
        plugin=plugin,
        tab=status.tab,
        jobs=number,
        files=number * FILES,
        bytes=number * BYTES,
        statuses={status: number},
    )
