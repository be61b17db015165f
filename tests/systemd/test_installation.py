"""The walk of docs/systemd.md ends with finished jobs, and every unit is confined as promised."""

import re

import pytest
from tests.systemd.installation import WHEELS, Installation

from taskmanager_local.demo.process_folder import ProcessFolder

pytestmark = pytest.mark.timeout(600)

EXPOSURE = {
    "taskmanager-gateway.service": 2.0,
    "taskmanager-scheduler.service": 2.0,
    "taskmanager-migrate.service": 2.0,
    "taskmanager-orchestrator.service": 2.0,
    "taskmanager-runner-jp2@jp2-1.service": 4.0,
}
"""The highest that `systemd-analyze security` may say: 0 is confined, 10 is not."""
LOOK = "nsenter --target {process} --mount -- setpriv --reuid {user} --clear-groups -- {command} 2>&1"


def test_from_wheels_to_finished_jobs(installation: Installation, book: ProcessFolder, masters: str) -> None:
    with installation.step("two jobs over a small book"):
        folders = {"shell": "of_shell", "jp2": "of_jp2"}
        installation.wait_until_done(
            *[
                installation.submit(plugin, masters, installation.place(book, folder))
                for plugin, folder in folders.items()
            ]
        )
    for name, seconds in installation.seconds.items():
        print(f"{seconds:6.1f} s  {name}")  # noqa: T201 - for the page
    pages = {path.stem for path in book.masters.iterdir()}
    for folder in folders.values():
        assert {path.stem for path in (book.images / folder).iterdir()} == pages


@pytest.mark.parametrize("unit", EXPOSURE)
def test_a_unit_can_do_little_else(installation: Installation, unit: str) -> None:
    said = installation.machine.run(f"systemd-analyze security --no-pager '{unit}'")
    print(said)  # noqa: T201 - for whoever tightens it further
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
    assert found is not None, said
    assert float(found[1]) < EXPOSURE[unit]


@pytest.mark.parametrize("unit", ["taskmanager-gateway.service", "taskmanager-runner-jp2@jp2-1.service"])
def test_a_service_reads_its_own_passwords_and_no_others(installation: Installation, unit: str) -> None:
    told = installation.machine.shown(unit, "MainPID", "User")
    process, user = told["MainPID"], told["User"]

    def seen(command: str) -> str:
        words = LOOK.format(process=process, user=user, command=command)
        return installation.machine.run(words, check=False)

    assert seen("ls /run/credentials").split() == [unit]
    assert "amqp_url" in seen(f"ls '/run/credentials/{unit}'").split()
    assert "Permission denied" in seen("ls /etc/taskmanager/accounts")
    assert "Permission denied" in seen("cat /etc/taskmanager/accounts/scheduler/mongodb_url")


def test_no_unit_has_a_warning(installation: Installation) -> None:
    units = " ".join(f"'/etc/systemd/system/{name}'" for name in installation.units())
    said = installation.machine.run(f"systemd-analyze verify {units} 2>&1", check=False)
    assert [line for line in said.splitlines() if "taskmanager" in line] == []


def test_pipx_installs_from_the_same_wheels(installation: Installation) -> None:
    for package in ("taskmanager-scheduler", "taskmanager-cli"):
        options = f"--no-index --find-links {WHEELS}"
        command = f"pipx install --pip-args='{options}' {package} 2>&1"
        installation.machine.run(command, PIPX_HOME="/opt/pipx", PIPX_BIN_DIR="/opt/pipx/bin")
    assert "taskmanager" in installation.machine.run("/opt/pipx/bin/taskmanager --version")
    assert "usage" in installation.machine.run("/opt/pipx/bin/taskmanager-users --help")
