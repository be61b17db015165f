"""The local stack itself: order, restarts, crashes of the supervisor. Stand-ins play the services."""

import json
import os
import signal
import stat
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from taskmanager_local import orchestrated, readiness, services, supervision
from taskmanager_local.commands import LocalStackError
from taskmanager_local.services import Options
from taskmanager_local.stack import ProcessStatus, Stack
from taskmanager_local.state import Plan, StackFolder
from taskmanager_testing.waiting import eventually

STAND_IN = """
#!{python}
import json, os, signal, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
name = os.path.basename(sys.argv[0])
with open({log!r}, "a") as log:
    start = {{"name": name, "arguments": sys.argv[1:], "environment": dict(os.environ)}}
    log.write(json.dumps(start) + "\\n")
if "--list" in sys.argv:
    print("shell\\njp2")
    sys.exit()
if name == "taskmanager-migrate":
    print("the first password")
    sys.exit(os.environ.get("STAND_IN_MIGRATE_FAILS") and "no permission")
class Ready(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503 if os.path.exists({unready!r}) else 200)
        self.end_headers()
        self.wfile.write(b"database is away")
if os.environ.get("STAND_IN_IGNORES_SIGTERM"):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
address = os.environ["TASKMANAGER_HTTP_HOST"], int(os.environ["TASKMANAGER_HTTP_PORT"])
HTTPServer(address, Ready).serve_forever()
"""

PROGRAMS = (
    "taskmanager-gateway",
    "taskmanager-scheduler",
    "taskmanager-migrate",
    "taskmanager-plugin-runner",
    "taskmanager-orchestrator",
)


class Bench:
    """One stack folder with stand-ins for everything it starts."""

    def __init__(self, folder: Path) -> None:
        self.folder = StackFolder(folder / "stack")
        self.started = folder / "started.jsonl"
        self.unready = folder / "unready"
        self.said: list[str] = []
        self.stack = Stack(self.folder, self.said.append)
        self.options = Options(roots=(folder,), slots=3, transfers=1, orchestrator=False)
        self.programs = folder / "bin"
        self.programs.mkdir()
        script = textwrap.dedent(STAND_IN).lstrip()
        for name in PROGRAMS:
            file = self.programs / name
            file.write_text(
                script.format(python=sys.executable, log=str(self.started), unready=str(self.unready))
            )
            file.chmod(file.stat().st_mode | stat.S_IXUSR)

    def statuses(self, plan: Plan) -> dict[str, ProcessStatus]:
        return {status.name: status for status in self.stack.status(plan)}

    def pids(self, plan: Plan) -> dict[str, int]:
        return {name: status.pid for name, status in self.statuses(plan).items() if status.pid}

    def starts_of(self, name: str) -> list[dict[str, dict[str, str]]]:
        starts = [json.loads(line) for line in self.started.read_text().splitlines()]
        return [start for start in starts if start["name"] == name]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setenv("AMQP_URL", "amqp://broker.test")
    monkeypatch.setenv("MONGODB_URL", "mongodb://database.test/taskmanager")
    bench = Bench(tmp_path)
    monkeypatch.setattr(services, "program", lambda name: str(bench.programs / name))
    yield bench
    bench.stack.down()


def is_over(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def supervisor_of(bench: Bench) -> int:
    return int((bench.folder.run / "supervisord.pid").read_text())


def test_up_shows_what_the_migration_has_for_the_terminal_and_logs_it_nowhere(bench: Bench) -> None:
    bench.stack.up(bench.options)
    assert "the first password" in bench.said
    assert "the first password" not in bench.folder.log("migrate").read_text()


def test_without_log_in_no_admin_is_made(bench: Bench) -> None:
    bench.stack.up(replace(bench.options, log_in=False))
    [migrated] = bench.starts_of("taskmanager-migrate")
    assert list(migrated["arguments"]) == ["--no-admin"]


def test_up_migrates_then_starts_every_service_with_its_settings(bench: Bench) -> None:
    plan = bench.stack.up(bench.options)
    assert list(bench.pids(plan)) == ["gateway-1", "scheduler-1", "runner-shell-1", "runner-jp2-1"]
    assert plan.servers == []
    assert len(bench.starts_of("taskmanager-migrate")) == 1
    gateway = bench.starts_of("taskmanager-gateway")[0]["environment"]
    assert gateway["AMQP_URL"] == "amqp://broker.test"
    assert gateway["MONGODB_URL"] == "mongodb://database.test/taskmanager"
    assert gateway["TASKMANAGER_ROOTS"] == str(bench.options.roots[0])
    runner = next(
        start for start in bench.starts_of("taskmanager-plugin-runner") if "shell" in start["arguments"]
    )
    assert " ".join(runner["arguments"]) == "--plugin shell --id local-shell-1 --slots 3 --transfers 1"


def test_up_again_changes_nothing_and_after_down_everything_is_where_it_was(bench: Bench) -> None:
    first = bench.stack.up(bench.options)
    before = bench.pids(first)
    assert bench.pids(bench.stack.up(bench.options)) == before
    assert "everything is up already" in bench.said[-1]
    supervisor = supervisor_of(bench)
    assert bench.stack.down() is True
    assert all(is_over(pid) for pid in [*before.values(), supervisor])
    assert bench.stack.down() is False
    assert bench.stack.up(bench.options).gateways == first.gateways


def test_a_service_that_dies_comes_back_and_its_restarts_are_counted(bench: Bench) -> None:
    plan = bench.stack.up(bench.options)
    pid = bench.pids(plan)["scheduler-1"]
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: bench.statuses(plan)["scheduler-1"].restarts == 1)
    eventually(lambda: bench.statuses(plan)["scheduler-1"].problem is None)
    assert bench.pids(plan)["scheduler-1"] != pid
    assert "restart 1 in 0.5 s" in bench.folder.log("scheduler-1").read_text()


def test_a_killed_supervisor_leaves_no_orphans_and_up_goes_on(bench: Bench) -> None:
    plan = bench.stack.up(bench.options)
    pids = bench.pids(plan).values()
    os.kill(supervisor_of(bench), signal.SIGKILL)
    if sys.platform == "linux":
        eventually(lambda: all(is_over(pid) for pid in pids))
    plan = bench.stack.up(bench.options)
    assert all(status.problem is None for status in bench.stack.status(plan))


def test_down_finds_what_a_killed_supervisor_left(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN_IGNORES_SIGTERM", "yes")
    monkeypatch.setattr(supervision, "STOP_LIMIT", timedelta(seconds=1))
    pids = bench.pids(bench.stack.up(bench.options)).values()
    supervisor = supervisor_of(bench)
    os.kill(supervisor, signal.SIGKILL)
    eventually(lambda: is_over(supervisor))
    assert not any(is_over(pid) for pid in pids)
    assert bench.stack.down() is True
    assert all(is_over(pid) for pid in pids)


def test_what_is_not_ready_is_named_with_its_reason_and_its_log(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.unready.touch()
    monkeypatch.setattr(readiness.wait_until_ready, "__defaults__", (readiness.REQUEST_LIMIT,))
    with pytest.raises(LocalStackError, match=r"gateway-1: database is away\nthe end of .*gateway-1\.log"):
        bench.stack.up(bench.options)
    bench.unready.unlink()
    assert len(bench.stack.up(bench.options).services) == 4


def test_a_failed_migration_stops_up_with_its_own_words(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN_MIGRATE_FAILS", "yes")
    with pytest.raises(LocalStackError, match="taskmanager-migrate failed:\nno permission"):
        bench.stack.up(bench.options)


def test_down_ends_the_runners_that_the_orchestrator_started(bench: Bench) -> None:
    bench.stack.up(bench.options)
    bench.folder.replicas.mkdir()
    command = [sys.executable, "-c", "import signal; signal.pause()"]
    with subprocess.Popen(command, start_new_session=True) as replica:
        began = psutil.Process(replica.pid).create_time()
        # the second ended long ago, and its number is another's by now
        for name, started in (("here.jp2.1", began), ("here.jp2.2", began - 60)):
            record = {"plugin": "jp2", "name": name, "pid": replica.pid, "started": started}
            (bench.folder.replicas / f"{name}.process.json").write_text(json.dumps(record))
        assert list(orchestrated.running(bench.folder)) == ["here.jp2.1"], (
            "another has the number of the other"
        )
        bench.stack.down()
        assert replica.wait() == -signal.SIGTERM


def test_more_of_everything_on_request(bench: Bench) -> None:
    options = Options(roots=bench.options.roots, schedulers=2, gateways=2, runners=2)
    plan = bench.stack.up(options)
    assert [command.name for command in plan.services] == [
        *("gateway-1", "gateway-2", "scheduler-1", "scheduler-2"),
        *("runner-shell-1", "runner-shell-2", "runner-jp2-1", "runner-jp2-2", "orchestrator"),
    ]
    assert len(set(plan.gateways)) == 2
    [start] = bench.starts_of("taskmanager-orchestrator")
    file = tomllib.loads(Path(start["environment"]["TASKMANAGER_ORCHESTRATOR"]).read_text())
    assert (file["place"], list(file["plugins"])) == ("this-machine", ["shell", "jp2"])
    template = file["plugins"]["jp2"]["local"]
    assert " ".join(template["command"]).endswith("--plugin jp2 --id {name} --slots 2 --transfers 2")
    assert template["environment"]["AMQP_URL"] == "amqp://broker.test"
    assert "MONGODB_URL" not in template["environment"]
