"""The role of deploy/ansible makes the same installation, and its second run changes nothing."""

import re

import pytest
from tests.systemd.conftest import TOOLS
from tests.systemd.installation import METADATA, RUNNERS, SERVICES, SOURCES, Installation
from tests.systemd.machine import Machine

from taskmanager_local.demo.process_folder import ProcessFolder

pytestmark = pytest.mark.timeout(600)

PLAY = (
    f"cd /root && {TOOLS}/bin/ansible-playbook --connection local --inventory localhost, "
    f"--extra-vars 'taskmanager_packages=false hosts=all ansible_python_interpreter=/usr/bin/python3' "
    f"{SOURCES}/ansible/site.yml"
)


def changes(said: str) -> int:
    found = re.search(r"ok=\d+\s+changed=(\d+)\s+unreachable=0\s+failed=0", said)
    assert found is not None, said
    return int(found[1])


def test_the_role_installs_everything_and_its_second_run_changes_nothing(
    machine: Machine, book: ProcessFolder, masters: str
) -> None:
    installation = Installation(machine)
    with installation.step("Ansible, first run"):
        assert changes(machine.run(PLAY)) > 0
    machine.wait_until_active(*SERVICES)
    installation.wait_until_ready()
    with installation.step("Ansible, second run"):
        assert changes(machine.run(PLAY)) == 0
    print(installation.seconds)  # noqa: T201 - for the page
    machine.run(f"chown -R taskmanager-runner: {METADATA}/{book.number}")
    installation.let_in()
    jobs = [installation.submit(plugin, masters, installation.place(book)) for plugin in ("shell", "jp2")]
    installation.wait_until_done(*jobs)
    assert set(installation.runners()) == {unit.split("@")[1].removesuffix(".service") for unit in RUNNERS}
