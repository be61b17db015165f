"""Memory and disk alarms of a private RabbitMQ, raised and lifted as an operator would see them."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from taskmanager_local.rabbitmq import inherited_environment, server_script
from taskmanager_local.servers import RunningServer

LIMIT_SECONDS = 60
WATERMARK = "0.4"
DISK_LIMIT = "200MB"


class Alarm(StrEnum):
    """Why a broker stops accepting messages."""

    MEMORY = "memory"
    DISK = "disk"


RAISED = {
    Alarm.MEMORY: ("set_vm_memory_high_watermark", "0.000001"),
    Alarm.DISK: ("set_disk_free_limit", "9000GB"),
}
LIFTED = {
    Alarm.MEMORY: ("set_vm_memory_high_watermark", WATERMARK),
    Alarm.DISK: ("set_disk_free_limit", DISK_LIMIT),
}


def rabbitmqctl(server: RunningServer, *arguments: str) -> str:
    """What the broker's own command line tool prints."""
    program = Path(server_script()).with_name("rabbitmqctl")
    environment = server._server.environment()  # type: ignore[attr-defined]  # a RabbitmqNode has one
    done = subprocess.run(
        [program, *arguments],
        env={**inherited_environment(), **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=LIMIT_SECONDS,
    )
    return done.stdout


@contextmanager
def alarm(server: RunningServer, kind: Alarm) -> Iterator[None]:
    """Raise this alarm on the broker for the duration of a `with` block."""
    rabbitmqctl(server, *RAISED[kind])
    try:
        yield
    finally:
        rabbitmqctl(server, *LIFTED[kind])
