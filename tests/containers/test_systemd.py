"""The engine of template units fulfils the contract of engines, on a real systemd in a container."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker import DockerClient
from docker.models.containers import Container
from tests.engines import BROKEN, CRASHING, DEAF, PATIENT, STEADY, STUBBORN, EngineContract, Make

from taskmanager_orchestrator.engines.systemd import SystemdEngine
from taskmanager_orchestrator.templates import SystemdTemplate
from taskmanager_testing.waiting import eventually

from .conftest import FOLDER
from .engine import NoEngineError
from .test_engines import docker_at

pytestmark = pytest.mark.timeout(600)  # the first of its tests makes the image

PACKAGES = "systemd,dbus"
PROGRAMS = {STEADY: PATIENT, STUBBORN: DEAF, CRASHING: "exit 3"}
UNIT = """\
[Service]
ExecStart=/bin/sh -c '{program}'
TimeoutStopSec=300
"""


def image_of(client: DockerClient) -> str:
    """The id of an image with systemd, made of Debian packages once."""
    archive = FOLDER / "systemd.tar"
    if not archive.exists():
        if shutil.which("mmdebstrap") is None:
            raise NoEngineError("needs mmdebstrap (deploy/bases/setup.sh)")
        new = archive.with_suffix(".new.tar")
        command = ["mmdebstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(new)]
        subprocess.run(command, check=True, capture_output=True)
        new.rename(archive)
    told = client.api.import_image_from_file(str(archive), repository="taskmanager-systemd", tag="1")
    del told
    identity: str = client.images.get("taskmanager-systemd:1").id
    return identity


@pytest.fixture(scope="module")
def systemd() -> Iterator[tuple[Container, str]]:
    """A container whose first process is systemd, and the address of its bus."""
    FOLDER.mkdir(exist_ok=True)
    try:
        with docker_at(FOLDER) as address, tempfile.TemporaryDirectory() as short:
            client = DockerClient(base_url=address)
            mounts = ["/sys/fs/cgroup:/sys/fs/cgroup:rw", f"{short}:/run/dbus"]
            for plugin, program in PROGRAMS.items():
                unit = Path(short) / f"{plugin}@.service"
                unit.write_text(UNIT.format(program=program.replace("$", "$$")))
                mounts.append(f"{unit}:/etc/systemd/system/{unit.name}:ro")
            container = client.containers.run(
                image_of(client),
                "/lib/systemd/systemd",
                detach=True,
                network_mode="none",
                cgroupns="host",
                cap_add=["SYS_ADMIN"],
                security_opt=["seccomp=unconfined", "apparmor=unconfined"],
                tmpfs={"/run": "", "/run/lock": ""},
                volumes=mounts,
            )
            try:
                eventually(lambda: _is_up(container), within_seconds=60, what="systemd is up")
                yield container, f"unix:path={short}/system_bus_socket"
            finally:
                container.remove(force=True)
                client.close()
    except NoEngineError as reason:
        pytest.skip(f"systemd was not tried: {reason}")


def _is_up(container: Container) -> bool:
    told = container.exec_run(["systemctl", "is-system-running"]).output
    return told.strip() in {b"running", b"degraded"}


class TestSystemdEngine(EngineContract):
    """Template units."""

    @pytest.fixture
    def make(self, systemd: tuple[Container, str]) -> Iterator[Make]:
        container, address = systemd
        templates = {plugin: SystemdTemplate(unit=f"{plugin}@.service") for plugin in (*PROGRAMS, BROKEN)}
        yield lambda place: SystemdEngine(address, place, templates)
        for words in (["kill", "--signal=KILL", "*here.*", "*there.*"], ["reset-failed"]):
            container.exec_run(["systemctl", *words])
        eventually(lambda: not _units(container), what="no unit is left")


def _units(container: Container) -> bytes:
    command = ["systemctl", "list-units", "--no-legend", "--plain", "*here.*"]
    output: bytes = container.exec_run(command).output
    return output.strip()
