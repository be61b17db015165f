"""A machine for the trial: a container whose first process is systemd. Knows no service."""

import shlex
import shutil
import subprocess
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from docker import DockerClient
from docker.errors import APIError
from docker.models.containers import Container
from tests.containers.engine import NoEngineError
from tests.containers.test_engines import docker_at

from taskmanager_testing.waiting import eventually

RELEASE = "bookworm"
PACKAGES = (
    *("systemd-sysv", "dbus", "polkitd", "procps", "ca-certificates"),
    *(
        "python3",
        "python3-venv",
        "pipx",
        "rabbitmq-server",
        "imagemagick",
        "libopenjp2-tools",
        "poppler-utils",
    ),
    *("libcurl4", "libssl3"),  # what mongod is linked to
)
HOST_NAME = "machine"


class CommandFailedError(AssertionError):
    """A command ended with another exit code than 0; the message has its output."""


@dataclass(frozen=True)
class Machine:
    """The running container."""

    container: Container

    def run(self, command: str, *, check: bool = True, **environment: str) -> str:
        """What a line of shell, run as root, prints to both its outputs; raises CommandFailedError."""
        done = self.container.exec_run(["/bin/sh", "-ec", command], environment=environment)
        output: str = done.output.decode(errors="replace")
        if check and done.exit_code != 0:
            raise CommandFailedError(f"{command}\nended with {done.exit_code}: {output[-4000:]}")
        return output

    def write(self, path: str, text: str) -> None:
        """Write a file."""
        self.run(f'mkdir -p "$(dirname {path})" && printf %s {shlex.quote(text)} >{path}')

    def shown(self, unit: str, *properties: str) -> Mapping[str, str]:
        """Properties of a unit."""
        wanted = " ".join(f"--property={name}" for name in properties)
        lines = self.run(f"systemctl show {wanted} '{unit}'").splitlines()
        return dict(line.partition("=")[::2] for line in lines)

    def boot_again(self) -> None:
        """End everything and start again, as after a loss of power that left the disk as it was."""
        self.container.kill()
        self.container.start()
        eventually(self.is_up, within_seconds=60, what="systemd is up")

    def is_up(self) -> bool:
        """Whether systemd has started what it was to start."""
        try:
            return self.run("systemctl is-system-running", check=False).strip() in {"running", "degraded"}
        except APIError:  # between two lives it takes no commands
            return False

    def is_active(self, unit: str) -> bool:
        """Whether the unit runs."""
        return self.run(f"systemctl is-active '{unit}'", check=False).strip() == "active"

    def wait_until_active(self, *units: str, within_seconds: float = 60) -> None:
        """Wait until all of them run."""
        for unit in units:
            eventually(
                lambda unit=unit: self.is_active(unit),  # type: ignore[misc] # bound to this round
                within_seconds=within_seconds,
                what=f"{unit} is active",
            )


@contextmanager
def machine_at(folder: Path, mounts: Mapping[Path, str]) -> Iterator[Machine]:
    """A fresh machine; `mounts` are folders it sees, with `:ro` or `:rw` after the place.

    Raises:
        NoEngineError: it cannot be had here; the message says what is needed.
    """
    with docker_at(folder) as address:
        client = DockerClient(base_url=address)
        container = client.containers.run(
            _image_of(client, folder),
            # what is mounted for a unit, such as its credentials, arrives there as on a machine
            ["/bin/sh", "-c", "mount --make-rshared / && exec /lib/systemd/systemd"],
            detach=True,
            hostname=HOST_NAME,
            network_mode="none",
            extra_hosts={HOST_NAME: "127.0.0.1"},
            cgroupns="host",
            cap_add=["SYS_ADMIN", "SYS_PTRACE"],
            security_opt=["seccomp=unconfined", "apparmor=unconfined"],
            tmpfs={"/run": "", "/run/lock": "", "/tmp": "exec"},
            volumes=[
                "/sys/fs/cgroup:/sys/fs/cgroup:rw",
                *(f"{key}:{value}" for key, value in mounts.items()),
            ],
        )
        machine = Machine(container)
        try:
            eventually(machine.is_up, within_seconds=60, what="systemd is up")
            yield machine
        finally:
            container.remove(force=True)
            client.close()


def _image_of(client: DockerClient, folder: Path) -> str:
    """The id of the image, made of Debian packages once."""
    made_of = zlib.crc32(" ".join((RELEASE, *PACKAGES)).encode())
    archive = folder / f"machine-{made_of:08x}.tar"
    if not archive.exists():
        if shutil.which("mmdebstrap") is None:
            raise NoEngineError("needs mmdebstrap (deploy/bases/setup.sh)")
        new = archive.with_suffix(".new.tar")
        command = ["mmdebstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", RELEASE, str(new)]
        subprocess.run(command, check=True, capture_output=True)
        new.rename(archive)
    told = client.api.import_image_from_file(str(archive), repository="taskmanager-machine", tag="1")
    del told
    identity: str = client.images.get("taskmanager-machine:1").id
    return identity
