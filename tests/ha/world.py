"""A private network: each server is a host in it, and its cable can be pulled.

Everything is in kernel namespaces that end with their processes; the machine's own network is not
touched. Root is not needed where the kernel allows user namespaces.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from taskmanager_testing.waiting import eventually

NETWORK = "10.77.0"
"""These addresses are not visible outside the namespace."""
BRIDGE = "bridge"
OURS = f"{NETWORK}.1"
LIMIT_SECONDS = 20


def entering() -> list[str]:
    """The prefix of a command that runs with its own network and mounts."""
    flags = ["--net", "--mount", "--propagation", "private"]
    return ["unshare", *flags] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", *flags]


def obstacle() -> str | None:
    """Why such a network cannot be made here."""
    missing = [name for name in ("unshare", "nsenter", "ip", "mount") if shutil.which(name) is None]
    if missing:
        return f"not installed: {', '.join(missing)} (util-linux, iproute2)"
    tried = subprocess.run(
        [*entering(), "ip", "link", "add", BRIDGE, "type", "bridge"],
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_SECONDS,
    )
    return f"the kernel gives no network of one's own: {tried.stderr.strip()}" if tried.returncode else None


def command(*arguments: str) -> None:
    """Run a program of the system."""
    subprocess.run(arguments, check=True, capture_output=True, timeout=LIMIT_SECONDS)


@dataclass(frozen=True)
class Host:
    """One machine of the network; `keeper` is the process that keeps its namespace."""

    name: str
    address: str
    keeper: int

    def inside(self, arguments: Sequence[str]) -> list[str]:
        """The command, run on this host; it becomes the program without a process in between."""
        return ["nsenter", f"--net=/proc/{self.keeper}/ns/net", "--", *arguments]

    def cut_off(self) -> None:
        """Pull the cable: frames are lost without notice."""
        command("ip", "link", "set", self.name, "nomaster")

    def connect(self) -> None:
        """Put it back."""
        command("ip", "link", "set", self.name, "master", BRIDGE)


def build() -> None:
    """Create the network, in which this process is one host; only inside `entering`."""
    command("ip", "link", "set", "lo", "up")
    command("ip", "link", "add", BRIDGE, "type", "bridge")
    command("ip", "address", "add", f"{OURS}/24", "dev", BRIDGE)
    command("ip", "link", "set", BRIDGE, "up")


@contextmanager
def host(name: str, number: int) -> Iterator[Host]:
    """Add a host, given the last part of its address."""
    launch = [sys.executable, "-m", "taskmanager_local.launch", "--parent", str(os.getpid())]
    keep = [*launch, "--signal", "SIGKILL", "--", "unshare", "--net", "sleep", "infinity"]
    with subprocess.Popen(keep, stdin=subprocess.DEVNULL, start_new_session=True) as keeper:
        try:
            made = Host(name, f"{NETWORK}.{number}", keeper.pid)
            eventually(
                lambda: _namespace(keeper.pid) != _namespace(os.getpid()), what=f"a network for {name}"
            )
            command(
                "ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", str(keeper.pid)
            )
            command("ip", "link", "set", name, "master", BRIDGE, "up")
            command(*made.inside(["ip", "address", "add", f"{made.address}/24", "dev", "eth0"]))
            command(*made.inside(["ip", "link", "set", "eth0", "up"]))
            command(*made.inside(["ip", "link", "set", "lo", "up"]))
            yield made
        finally:
            keeper.kill()


def _namespace(pid: int) -> str:
    return str(Path(f"/proc/{pid}/ns/net").readlink())
