"""What systemd keeps running: kills, drains, more runners, names that change, a database that comes late."""

import time

import pytest
from tests.systemd.installation import RUNNERS, SERVICES, SOURCES, Installation
from tests.systemd.machine import Machine

from taskmanager_local.demo.process_folder import ProcessFolder
from taskmanager_testing.waiting import eventually

pytestmark = pytest.mark.timeout(600)

SHELL, JP2 = RUNNERS
SECOND = "taskmanager-runner-jp2@jp2-2.service"


@pytest.mark.parametrize("unit", SERVICES)
def test_a_killed_service_comes_back_and_no_job_is_lost(
    installation: Installation, machine: Machine, book: ProcessFolder, masters: str, unit: str
) -> None:
    job = installation.submit_slow(masters, installation.place(book), seconds=0.5)
    installation.wait_for(job, lambda shown: shown["status"] == "PROCESSING", "is at work")
    before = machine.shown(unit, "MainPID", "NRestarts")
    machine.run(f"systemctl kill --signal=KILL --kill-who=main '{unit}'")

    def again() -> bool:
        now = machine.shown(unit, "MainPID", "ActiveState", "NRestarts")
        return now["ActiveState"] == "active" and now["MainPID"] not in {"0", before["MainPID"]}

    eventually(again, within_seconds=60, what=f"{unit} is back")
    assert int(machine.shown(unit, "NRestarts")["NRestarts"]) == int(before["NRestarts"]) + 1
    installation.wait_until_done(job)


def test_a_stopped_runner_ends_its_job_first(
    installation: Installation, machine: Machine, book: ProcessFolder, masters: str
) -> None:
    job = installation.submit_slow(masters, installation.place(book), seconds=1)
    installation.wait_for(job, lambda shown: shown["status"] == "PROCESSING", "is at work")
    machine.run(f"systemctl stop '{SHELL}'")
    assert machine.shown(SHELL, "Result")["Result"] == "success"
    installation.wait_until_done(job)
    assert installation.job(job)["attempt"] == 1
    machine.run(f"systemctl start '{SHELL}'")


def test_a_job_that_takes_longer_than_the_drain_is_handed_back_unfailed(
    installation: Installation, machine: Machine, book: ProcessFolder, masters: str
) -> None:
    machine.write("/etc/taskmanager/runner.env", "TASKMANAGER_DRAIN_SECONDS=1\n")
    machine.run(f"systemctl restart '{SHELL}'")
    job = installation.submit_slow(masters, installation.place(book), seconds=5)
    installation.wait_for(job, lambda shown: shown["status"] == "PROCESSING", "is at work")
    begun = time.monotonic()
    machine.run(f"systemctl stop '{SHELL}'")
    print(f"{time.monotonic() - begun:6.1f} s  to stop a runner whose drain is 1 s")  # noqa: T201
    assert machine.shown(SHELL, "Result")["Result"] == "success"
    installation.wait_for(job, lambda shown: shown["status"] == "STARTED", "waits again")
    machine.write("/etc/taskmanager/runner.env", "")
    machine.run(f"systemctl start '{SHELL}'")
    installation.cancel(job)


def test_a_second_runner_is_one_command(installation: Installation, machine: Machine) -> None:
    machine.run(f"systemctl start '{SECOND}'")
    eventually(lambda: "jp2-2" in installation.runners(), what="it is known")
    machine.run(f"systemctl stop '{SECOND}'")
    assert machine.is_active(JP2)


def test_a_runner_is_the_same_after_the_machine_has_got_another_name(
    installation: Installation, machine: Machine
) -> None:
    before = installation.runners()
    machine.run("hostname renamed && echo '127.0.0.1 renamed' >>/etc/hosts")
    try:
        machine.run(f"systemctl restart '{JP2}'")
        eventually(lambda: installation.runners()["jp2-1"] == "renamed", what="it is heard from")
        assert set(installation.runners()) == set(before)
    finally:
        machine.run("hostname machine")


def test_slots_may_be_other_users(
    installation: Installation, machine: Machine, book: ProcessFolder, masters: str
) -> None:
    folder = "/etc/systemd/system/taskmanager-runner-shell@.service.d"
    machine.run(f"install -D -m 644 -t {folder} {SOURCES}/systemd/slot-users.conf && systemctl daemon-reload")
    machine.run(f"systemctl restart '{SHELL}'")
    job = installation.submit_slow(masters, installation.place(book), seconds=0.5)
    of_others = "ps -eo user:20,args | grep '^6100.*[s]leep'"
    eventually(lambda: machine.run(of_others, check=False), what="its program is another user's")
    installation.wait_until_done(job)
    machine.run(f"rm -r {folder} && systemctl daemon-reload && systemctl restart '{SHELL}'")


def test_everything_is_back_after_a_boot(
    installation: Installation, machine: Machine, book: ProcessFolder, masters: str
) -> None:
    job = installation.submit_slow(masters, installation.place(book), seconds=0.5)
    installation.wait_for(job, lambda shown: shown["status"] == "PROCESSING", "is at work")
    machine.boot_again()
    machine.wait_until_active(*SERVICES, within_seconds=90)
    installation.wait_until_ready()
    installation.wait_until_done(job)


def test_the_target_stops_and_starts_everything(installation: Installation, machine: Machine) -> None:
    machine.run("systemctl stop taskmanager.target")
    assert [unit for unit in SERVICES if machine.is_active(unit)] == []
    machine.run("systemctl start taskmanager.target")
    machine.wait_until_active(*SERVICES)
    installation.wait_until_ready()


def test_services_wait_for_a_database_that_comes_late(
    installation: Installation, machine: Machine, book: ProcessFolder, masters: str
) -> None:
    machine.run("systemctl stop taskmanager.target mongod")
    machine.run("systemctl start --no-block taskmanager.target")
    eventually(
        lambda: int(machine.shown("taskmanager-migrate", "NRestarts")["NRestarts"]) > 0,
        within_seconds=90,
        what="the migration has failed once",
    )
    machine.run("systemctl start mongod")
    machine.wait_until_active(*SERVICES, within_seconds=90)
    installation.wait_until_ready()
    installation.wait_until_done(installation.submit("jp2", masters, installation.place(book)))


def test_an_orchestrator_may_start_and_stop_runners_and_no_other_unit(
    installation: Installation, machine: Machine
) -> None:
    kept = "/etc/systemd/system/taskmanager-runner-jp2@.service.d/orchestrated.conf"
    machine.run(f"install -D -m 644 {SOURCES}/systemd/orchestrated.conf {kept}")
    machine.run("systemctl daemon-reload && systemctl start polkit taskmanager-orchestrator")
    eventually(lambda: "host-1" in installation.cli("plugins replicas jp2"), what="its place is known")

    def orchestrated() -> set[str]:
        known = {name for name in installation.runners() if name.startswith("host-1.jp2.")}
        return {name for name in known if machine.is_active(f"taskmanager-runner-jp2@{name}")}

    installation.cli("plugins scale jp2 host-1 --to 1")
    [runner] = eventually(orchestrated, what="its runner works")
    installation.cli("plugins scale jp2 host-1 --to 0")
    eventually(lambda: not orchestrated(), within_seconds=60, what="its runner is gone")
    assert not machine.is_active(f"taskmanager-runner-jp2@{runner}")
    stop = "systemctl --no-ask-password stop mongod"
    refused = f"setpriv --reuid taskmanager-orchestrator --clear-groups -- {stop} 2>&1"
    assert "authentication required" in machine.run(refused, check=False)
    assert machine.is_active("mongod")
