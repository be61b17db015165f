"""The database is restored to an earlier moment while jobs ran: nothing runs twice, nothing is blocked.

The plugin's diary lies beside the results: it is an effect that no restore takes back.
"""

import os
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import pika
from bson import Timestamp
from tests.conftest import USERS
from tests.e2e.process_folders import check_statistics
from tests.e2e.system import START_SECONDS, System, running_system
from tests.soak import collect, resting
from tests.soak.judging import read

from taskmanager_local.servers import RunningServer
from taskmanager_local.services import program
from taskmanager_testing.waiting import eventually

PLUGIN = "diary"
FEW, MORE, MANY = 10, 600, 4_000
"""Pages of a job: done at once, lasts while a backup is made, lasts for most of a minute."""
LIVE = {"one": MORE, "two": MORE, "three": FEW, "four": FEW}
"""The jobs that have not ended when the backup is made: two at work, two that wait for a slot."""
REPORTS = 5


class Site:
    """A system, its process folders, and the command with the account of the migration."""

    def __init__(self, system: System, rabbitmq: RunningServer, mongod: RunningServer) -> None:
        self.system, self._rabbitmq = system, rabbitmq
        self.database = system.mongodb_url.split("?", maxsplit=1)[0].rpartition("/")[2]
        self.url = _named(mongod.url, self.database)
        self._environment = {
            **os.environ,
            **system.settings,
            "AMQP_URL": rabbitmq.url_of(USERS.migrate),
            "MONGODB_URL": mongod.url_of("migrate", self.database),
        }

    def source(self, pages: int) -> Path:
        folder = self.system.roots / f"source-{pages}"
        if not folder.exists():
            folder.mkdir()
            for number in range(pages):
                (folder / f"{number:05}.txt").write_text(str(number), encoding="utf-8")
        return folder

    def submit(self, name: str, pages: int = FEW) -> str:
        """A job with its name as key and as the name of its process folder."""
        process = self.system.roots / name
        process.mkdir(exist_ok=True)
        job = {"plugin": PLUGIN, "source": str(self.source(pages)), "destination": str(process / "out")}
        return self.system.submit({**job, "title": name}, name)

    def diary(self, name: str) -> list[str]:
        """What the attempts at this job noted: `begin 1`, `end 1`."""
        file = self.system.roots / name / "out.log"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return [" ".join(line.split()[::2]) for line in lines]

    def results(self, name: str) -> list[str]:
        folder = self.system.roots / name
        return sorted(one.name for one in folder.rglob("*") if one.is_file() and one.name != "out.log")

    def backup(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program("taskmanager-backup"), *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=START_SECONDS,
        )

    def refused(self, *arguments: str) -> str:
        """Why the command did nothing."""
        answer = self.backup(*arguments)
        assert answer.returncode == 1
        return answer.stderr

    def job(self, job_id: str) -> Mapping[str, Any]:
        with self.system.client() as client:
            found: dict[str, Any] = client.get(f"/api/v1/jobs/{job_id}").raise_for_status().json()
        return found

    def until_working(self, job_id: str) -> None:
        eventually(
            lambda: self.job(job_id)["status"] == "PROCESSING", within_seconds=30, what="a working job"
        )

    def kill(self) -> None:
        """The scheduler first, so that the inbox has something to say of the job at work."""
        self.system.scheduler.kill()
        eventually(lambda: self.messages(self.system.topology.inbox.name) > REPORTS, within_seconds=30)
        for service in self.system.services:
            service.kill()

    def start(self) -> None:
        for service in self.system.services:
            service.start()
        for service in self.system.services:
            service.until_ready()

    def messages(self, queue: str) -> int:
        """How many messages wait in a queue."""
        with pika.BlockingConnection(pika.URLParameters(self._rabbitmq.url)) as connection:
            answer = connection.channel().queue_declare(queue, passive=True)
            return int(answer.method.message_count)

    def operate(self, action: str, **chosen: object) -> None:
        """An operation over many jobs, to its end."""
        with self.system.client() as client:
            body = {"action": action, "filter": {"plugin": PLUGIN, **chosen}}
            asked = client.post("/api/v1/operations", json=body).raise_for_status().json()
            address = f"/api/v1/operations/{asked['id']}"
            eventually(lambda: client.get(address).json()["state"] == "done", within_seconds=30)


def _named(url: str, database: str) -> str:
    """The address of another database of the server, for somebody who may do anything."""
    base, query = url.split("?", maxsplit=1)
    return f"{base.rsplit('/', maxsplit=1)[0]}/{database}?{query}"


def check_held(site: Site, jobs: Sequence[str]) -> None:
    for one in map(site.job, jobs):
        assert one["status"] == "PAUSED"
        assert one["restored"]
        assert one["waiting"]["reason"]["code"] == "waiting.restored"


def check_invariants(url: str, since: Timestamp, state: collect.State) -> None:
    """What the soak demands of every commit, of all since the restore, and of the state at rest."""
    store = collect.open_store(url)
    with store.client:
        history = read(collect.commits(store, since, state))
        rest = collect.rest(store, {})
    for verdict in (*history.verdicts, resting.recounted(rest)):
        assert not verdict.violations, f"{verdict.invariant}: {verdict.says}"
    assert len(history.granted) == 5, "a new job, a lost one that was repeated, three that were released"


def test_a_restored_database_runs_nothing_twice_and_blocks_nothing(
    tmp_path: Path, rabbitmq: RunningServer, mongod: RunningServer
) -> None:
    with running_system(tmp_path / "system", rabbitmq, mongod, plugin=PLUGIN) as system:
        site = Site(system, rabbitmq, mongod)
        before = site.submit("before")
        system.all_done([before])
        live = {name: site.submit(name, pages) for name, pages in LIVE.items()}
        site.until_working(live["one"])
        file = str(tmp_path / "backup")
        saved = site.backup("save", file)
        assert saved.returncode == 0, saved.stderr
        assert site.backup("check", file).stdout == saved.stdout

        # since then: all of these end, one more is done, and one is at work when everything dies
        system.all_done(list(live.values()))
        lost = site.submit("lost")
        system.all_done([lost])
        at_work = site.submit("at work", MANY)
        site.until_working(at_work)
        notes = {name: site.diary(name) for name in ("before", *live, "lost")}
        assert all(Counter(lines) == Counter({"begin 1": 1, "end 1": 1}) for lines in notes.values())

        assert "stop all services first" in site.refused("restore", file, "--replace", site.database)
        site.kill()

        eventually(lambda: "consumers" not in site.refused("restore", file), within_seconds=30)
        assert f"--replace {site.database}" in site.refused("restore", file)
        restored = site.backup("restore", file, "--replace", site.database)
        assert restored.returncode == 0, restored.stderr
        with (store := collect.open_store(site.url)).client:
            since, state = collect.known(store)
        assert "4 jobs that had not ended" in restored.stdout
        site.start()

        # nothing is blocked: a new job, and a lost one that is submitted again under its key
        system.all_done([site.submit("after")])
        assert site.submit("lost") == lost
        system.all_done([lost])
        assert site.job(before)["status"] == "DONE"
        with system.client() as client:
            assert client.get(f"/api/v1/jobs/{at_work}").status_code == httpx.codes.NOT_FOUND
        assert not site.results("at work")

        # nothing ran twice, and all of it waits for somebody
        check_held(site, list(live.values()))
        assert {name: site.diary(name) for name in ("before", *live)} == {
            name: notes[name] for name in ("before", *live)
        }
        check_statistics(system.tabs(), system.jobs())
        assert "reports_of_unknown_jobs_dropped" in system.scheduler.log.read_text(encoding="utf-8")

        # an operator has looked: one was done and is left cancelled, the others are to run again
        site.operate("cancel", ids=[live["one"]])
        site.operate("release", restored=True)
        again = system.all_done([live[name] for name in ("two", "three", "four")])
        assert site.job(live["one"])["status"] == "CANCELLED"
        assert site.diary("one") == notes["one"]
        for one in again:
            assert one["attempt"] > 1_000
            assert site.diary(one["title"]) == [
                *notes[one["title"]],
                *(f"{what} {one['attempt']}" for what in ("begin", "end")),
            ]
            assert len(site.results(one["title"])) == LIVE[one["title"]] + 1
        check_statistics(system.tabs(), system.jobs())
        assert not site.messages(system.topology.dead_letters.name)
        check_invariants(site.url, since, state)
