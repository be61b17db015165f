"""Slots that look ahead, in the whole system: a stop, a cancel, a death with a job in each phase."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.process_folders import check_statistics
from tests.e2e.system import System, running_system

from taskmanager.process.failpoints import END_AT, END_ONCE, Failpoint
from taskmanager_local.servers import RunningServer
from taskmanager_plugin_runner.pipeline.pace import WORTH_BYTES
from taskmanager_testing.waiting import eventually

PLUGIN = "press"
PAGES = {"1.tif": b"1" * WORTH_BYTES, "2.tif": b"2"}
MANY = 10


@pytest.fixture(scope="module")
def system(
    tmp_path_factory: pytest.TempPathFactory, rabbitmq: RunningServer, mongod: RunningServer
) -> Iterator[System]:
    folder = Path(tmp_path_factory.mktemp("looks-ahead"))
    settings = {"TASKMANAGER_UPLOAD_MODE": "copy"}
    with running_system(folder, rabbitmq, mongod, plugin=PLUGIN, settings=settings) as made:
        yield made


class Book:
    """A job that makes two pages and then works until it is let go."""

    def __init__(self, system: System, *, waits: bool = True) -> None:
        self.system = system
        folder = system.roots / uuid.uuid4().hex
        folder.mkdir()
        self.go, self.results = folder / "go", folder / "out"
        (folder / "in").mkdir()
        for name, content in PAGES.items():
            (folder / "in" / name).write_bytes(content)
        parameters = {"until": str(self.go)} if waits else {"page_seconds": 0.1}
        spec = {"plugin": PLUGIN, "parameters": parameters, "source": str(folder / "in")}
        self.id = system.submit({**spec, "destination": str(self.results)}, uuid.uuid4().hex)

    def stored(self) -> dict[str, Any]:
        with self.system.client() as client:
            document: dict[str, Any] = client.get(f"/api/v1/jobs/{self.id}").raise_for_status().json()
        return document

    def until(self, *statuses: str) -> dict[str, Any]:
        eventually(lambda: self.stored()["status"] in statuses, within_seconds=60, what=f"{statuses}")
        return self.stored()


@pytest.fixture(autouse=True)
def never_left_stopped(system: System) -> Iterator[None]:
    """A test that failed in the middle of a stop must not fail the next one."""
    yield
    with system.client() as client:
        client.post(f"/api/v1/plugins/{PLUGIN}/restart")  # refused if it is not stopped


def tell(system: System, path: str, **body: str) -> None:
    with system.client() as client:
        client.post(f"/api/v1/{path}", json=body).raise_for_status()


def slots_full_and_one_ahead(system: System) -> tuple[list[Book], Book]:
    """Both slots of the runner work, and one of them has the input of another job."""
    at_work = [Book(system) for _ in range(2)]
    for book in at_work:
        book.until("PROCESSING")
    ahead = Book(system)
    ahead.until("UPLOAD")
    return at_work, ahead


def check_all_done(system: System, *books: Book) -> None:
    for book in books:
        book.go.touch()
    system.all_done([book.id for book in books], within_seconds=90)
    assert all(sorted(file.name for file in book.results.iterdir()) == ["1.out", "2.out"] for book in books)
    check_statistics(system.tabs(), system.jobs())


def test_a_stop_lets_nothing_begin_whose_input_is_there(system: System) -> None:
    at_work, ahead = slots_full_and_one_ahead(system)
    tell(system, f"plugins/{PLUGIN}/stop", mode="finish")
    waiting = ahead.until("STARTED")
    assert waiting["error"] is None
    for book in at_work:
        book.go.touch()
        assert book.until("DONE")["attempt"] == 1
    assert ahead.stored()["status"] == "STARTED"
    assert not ahead.results.exists()
    tell(system, f"plugins/{PLUGIN}/restart")
    check_all_done(system, ahead)


def test_a_cancelled_job_whose_input_is_there_does_not_run(system: System) -> None:
    at_work, ahead = slots_full_and_one_ahead(system)
    tell(system, f"jobs/{ahead.id}/cancel")
    ahead.until("CANCELLED")
    assert not ahead.results.exists()
    check_all_done(system, *at_work)


@pytest.mark.parametrize(
    "point",
    [
        Failpoint.RUNNER_AFTER_GRANT,
        Failpoint.RUNNER_IN_UPLOAD,
        Failpoint.RUNNER_IN_PROCESSING,
        Failpoint.RUNNER_AFTER_FENCE,
        Failpoint.RUNNER_IN_DOWNLOAD,
        Failpoint.RUNNER_BEFORE_FINISHED,
        Failpoint.SLOT_BRINGING,
        Failpoint.SLOT_AFTER_RUN,
        Failpoint.SLOT_BEFORE_RENAME,
        Failpoint.SLOT_CLEANING,
    ],
)
def test_whatever_dies_in_the_middle_every_job_is_done(
    system: System, tmp_path: Path, point: Failpoint
) -> None:
    died = tmp_path / "died"
    system.runner.kill()
    system.runner.start({END_AT: f"{point}:2", END_ONCE: str(died)})
    books = [Book(system, waits=False) for _ in range(MANY)]
    eventually(died.exists, within_seconds=60, what="a death")
    if point.startswith("runner"):
        assert system.runner.wait_for_death() < 0
        system.runner.start()
    check_all_done(system, *books)
