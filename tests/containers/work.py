"""What several trials have a running installation do."""

import itertools
from pathlib import Path

from taskmanager_local.demo.process_folder import ProcessFolder

from .stack import Stack

NUMBERS = itertools.count(1)
CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 5)"
"""A program for a container: connects to a host and port."""


def jobs(stack: Stack, book: ProcessFolder, files: Path) -> list[str]:
    """One job of each plugin, with a destination that no other job has."""

    def to(plugin: str) -> str:
        return f"/files/{book.number}/images/{plugin}_{next(NUMBERS)}"

    source = f"/files/{book.masters.relative_to(files)}"
    return [
        stack.submit("shell", source, to("shell"), template="jpeg"),
        stack.submit("jp2", source, to("jp2")),
    ]


def address_of(stack: Stack, service: str, network: str) -> str:
    """The address of the first container of a service in one of its networks."""
    networks = stack.inspected(stack.containers(service)[0])["NetworkSettings"]["Networks"]
    [found] = [one["IPAddress"] for name, one in networks.items() if name.endswith(f"_{network}")]
    return str(found)
