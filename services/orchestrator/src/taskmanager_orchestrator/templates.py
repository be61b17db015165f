"""What the orchestrator's file says about a runner, in the terms of each engine. Pure."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from taskmanager.model.jobs import Record


class DockerTemplate(Record):
    """A container.

    `mounts` are written as for `docker run --volume`. `user` is a name or number of the image; `stop_signal`
    and restarts are not settable: the orchestrator ends and starts the runners.
    """

    image: str
    command: tuple[str, ...] = ()
    """Replaces the command of the image if not empty; `{name}` becomes the id of the runner."""
    environment: dict[str, str] = Field(default_factory=dict)
    mounts: tuple[str, ...] = ()
    network: str | None = None
    user: str | None = None
    memory_bytes: Annotated[int, Field(gt=0)] | None = None
    processors: Annotated[float, Field(gt=0)] | None = None
    read_only: bool = False
    """Whether the file system of the container cannot be written to, mounts excepted."""
    tmpfs: tuple[Path, ...] = ()
    """Folders in memory."""


class LocalTemplate(Record):
    """A process: the command with its arguments, in which `{name}` becomes the id of the runner."""

    command: Annotated[tuple[str, ...], Field(min_length=1)]
    environment: dict[str, str] = Field(default_factory=dict)
    """Added to that of the orchestrator, whose own access to the broker is left out."""


class SystemdTemplate(Record):
    """A template unit such as `taskmanager-runner-jp2@.service`, whose instance is the id of the runner."""

    unit: Annotated[str, Field(pattern=r"^[A-Za-z0-9:_.-]+@\.service$")]


class KubernetesTemplate(Record):
    """A StatefulSet whose pods use their own names as ids of their runners."""

    stateful_set: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")]
    kind: Literal["StatefulSet"] = "StatefulSet"
