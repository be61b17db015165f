"""The orchestrator's settings: the environment, and the file with place, engine and templates.

Nothing of the file can be changed from outside: orders contain numbers only.
"""

import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, ValidationError, model_validator

from taskmanager.errors import PermanentError
from taskmanager.model.jobs import PluginName, Record
from taskmanager.model.replicas import MOST_REPLICAS, PlaceName
from taskmanager.process.config import Settings
from taskmanager_orchestrator.templates import (
    DockerTemplate,
    KubernetesTemplate,
    LocalTemplate,
    SystemdTemplate,
)


class OrchestratorFileError(PermanentError):
    """The file cannot be used; one line for each error, naming table and key."""


class OrchestratorSettings(Settings):
    """From the environment, `TASKMANAGER_<NAME>`."""

    http_port: int = Field(default=8083, ge=0, le=65535)
    """Port for the health checks and metrics."""
    orchestrator: Path
    """The TOML file with the place, its engine and a template for each plugin."""


class PluginTemplate(Record):
    """What is started for a plugin, and how many there may be at most; in the terms of one engine."""

    most: Annotated[int, Field(ge=0, le=MOST_REPLICAS)] = 1
    """No more than this many, whatever is asked for."""
    docker: DockerTemplate | None = None
    local: LocalTemplate | None = None
    systemd: SystemdTemplate | None = None
    kubernetes: KubernetesTemplate | None = None


class DockerEngineSettings(Record):
    """A Docker Engine, or podman's service, by its socket."""

    address: str = "unix:///var/run/docker.sock"


class LocalEngineSettings(Record):
    """Processes of this machine; `folder` keeps their logs and what is known about them."""

    folder: Path


class SystemdEngineSettings(Record):
    """Template units of systemd: `unit` is one like `taskmanager-runner@.service`."""

    address: str = "unix:path=/run/dbus/system_bus_socket"


class KubernetesEngineSettings(Record):
    """StatefulSets of one namespace; by default as a pod in the cluster sees them."""

    address: str = "https://kubernetes.default.svc"
    namespace: str = "default"
    token_file: Path | None = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
    ca_file: Path | None = Path("/var/run/secrets/kubernetes.io/serviceaccount/ca.crt")


class NoEngineSettings(Record):
    """Nothing is ever started or stopped: the place is only there to be seen."""


class OrchestratorFile(Record):
    """The whole file. It names exactly one engine, and for each plugin a template in the terms of it."""

    place: PlaceName
    stop_seconds: Annotated[float, Field(gt=0)] = 120.0
    """How long a drained runner may take to end before it is killed."""
    docker: DockerEngineSettings | None = None
    local: LocalEngineSettings | None = None
    systemd: SystemdEngineSettings | None = None
    kubernetes: KubernetesEngineSettings | None = None
    none: NoEngineSettings | None = None
    plugins: dict[PluginName, PluginTemplate] = Field(default_factory=dict)

    @property
    def engine(self) -> str:
        """The engine that the file names."""
        return next(name for name in _ENGINES if getattr(self, name) is not None)

    @property
    def patience(self) -> timedelta:
        """How long a drained runner may take to end."""
        return timedelta(seconds=self.stop_seconds)

    @property
    def most(self) -> Mapping[str, int]:
        """How many runners each plugin may have."""
        return {name: template.most for name, template in self.plugins.items()}

    @model_validator(mode="after")
    def _check(self) -> Self:
        named = [name for name in _ENGINES if getattr(self, name) is not None]
        if len(named) != 1:
            message = f"exactly one of the tables {', '.join(_ENGINES)} is needed; there are {len(named)}"
            raise ValueError(message)
        if self.engine == "none":
            return self
        for plugin, template in self.plugins.items():
            if getattr(template, self.engine) is None:
                message = f"plugins.{plugin} has no table {self.engine}"
                raise ValueError(message)
        return self


_ENGINES = ("docker", "local", "systemd", "kubernetes", "none")


def load(path: Path) -> OrchestratorFile:
    """Read the file; raises OrchestratorFileError."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise OrchestratorFileError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OrchestratorFileError(f"{path}: is no TOML: {error}") from error
    try:
        return OrchestratorFile.model_validate(document)
    except ValidationError as error:
        lines = [
            f"{path}: {'.'.join(str(part) for part in one['loc']) or 'file'}: {one['msg']}"
            for one in error.errors()
        ]
        raise OrchestratorFileError("\n".join(lines)) from error
