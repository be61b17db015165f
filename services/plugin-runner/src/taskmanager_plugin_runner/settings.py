"""What a runner reads from its environment. Command line options are handled by `__main__`."""

import re
import socket
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator

from taskmanager.files.roots import PathMapping, Roots
from taskmanager.model.manifest import JobLimits, PluginManifest
from taskmanager.process.config import RootsSettings, TracingSettings
from taskmanager_plugin_runner.files.seals import Seal, broker_secret, derive_key
from taskmanager_plugin_runner.files.upload_modes import UploadMode
from taskmanager_plugin_runner.system.memory import machine_bytes, share_of
from taskmanager_plugin_runner.system.slot_users import SlotUser, parse_users

NUMBER = "{number}"
"""In the id of a runner: the lowest number that is free in its workspace."""
RUNNER_ID_PATTERN = r"^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,79}|[A-Za-z0-9_.-]{0,39}\{number\}[A-Za-z0-9_.-]{0,31})$"
"""A runner's id becomes part of a queue name, a routing key and a folder name."""


class ForeignLinks(StrEnum):
    """What happens to a source file with several names that does not belong to the owner of its folder."""

    REFUSE = "refuse"
    ALLOW = "allow"


class TransportName(StrEnum):
    """How the input and the results of jobs are transferred."""

    SHARED = "shared"
    """Over a file system shared by Goobi and the runner."""
    FILES_API = "files-api"
    """Over Goobi's files API; for a runner without access to the share."""


class Provenance(StrEnum):
    """Whether jobs leave a record of what they did."""

    OFF = "off"
    ON = "on"


class RunnerSettings(RootsSettings, TracingSettings):
    """The environment of a runner; times are in seconds."""

    http_port: int = Field(default=8082, ge=0, le=65535)
    """Port for the health checks and metrics; 0: any free port."""
    workspace: Path
    """Folder for the input, output and scratch files of running jobs."""
    templates: Path | None = None
    """Folder with additional templates for the plugins."""
    runner_id: str | None = Field(default=None, pattern=RUNNER_ID_PATTERN)
    """Must stay the same across restarts and be unique; none: `<host>-<plugin>`. `{number}` in it becomes the
    lowest number from 1 that no runner with the same workspace has: for replicas, whose host names change."""
    paths: str = ""
    """Where the folders of stored jobs are on this machine: `/stored=/here` pairs, separated by `:`."""
    upload_mode: UploadMode = UploadMode.AUTO
    """`copy`: input is copied into the workspace; `in_place`: it is linked wherever a link is possible;
    `auto`: it is linked if the plugin reads in place and the disk is local."""
    ahead_bytes: int = Field(default=1024**3, ge=0)
    """Bytes of input that may be copied ahead of the work, if the plugin allows it; 0: all input is copied
    before the work, and all results after it."""
    foreign_hard_links: ForeignLinks = ForeignLinks.REFUSE
    """A source file that has several names and does not belong to the owner of its folder fails the job;
    `allow` accepts it."""
    transport: TransportName = TransportName.SHARED
    """How input and results travel: over a file system shared with Goobi, or over Goobi's files API."""
    goobi: Path | None = None
    """The Goobi settings file (TOML); required by the transport `files-api`, not read otherwise."""
    provenance: Provenance = Provenance.OFF
    """`on`: a job with a destination leaves a record of what it read, wrote and used (PREMIS and JSON) in its
    process folder. The key `provenance` of a template file has the last word. See decision 47."""
    journal_key: SecretStr | None = None
    """Secret with which journals in process folders are sealed, the same for all runners of a plugin; none:
    a key derived from the broker's password."""
    heartbeat_seconds: float = Field(default=5.0, gt=0)
    """Time between two heartbeats."""
    claim_timeout_seconds: float = Field(default=10.0, gt=0)
    """How long a ticket may stay unacknowledged."""
    claims_ahead: int = Field(default=256, ge=0, le=256)
    """How many short jobs may be claimed ahead of free slots; 0: none. See decision 19."""
    claim_ahead_seconds: float = Field(default=0.05, gt=0)
    """Only so many are claimed ahead as should begin within this time. A job of higher priority may wait so
    much longer, at most twice as long."""
    fetch_ahead: int = Field(default=1, ge=0, le=1)
    """How many jobs a slot may have beside the one it works on: their input is brought, or their results are
    placed, meanwhile; 0: none. See decision 22."""
    drain_seconds: float = Field(default=10.0, ge=0)
    """How long running jobs may continue after SIGTERM; after that they are handed back without failing."""

    slot_users: str = ""
    """The users that plugins run as, by slot: names, numbers or ranges of numbers, separated by commas;
    empty: the runner's own user. See `slot_users`."""

    nice: int = Field(default=5, ge=0, le=19)
    """By how much the nice value of jobs is raised; this also lowers their disk priority."""
    time_limit_seconds: float | None = Field(default=None, gt=0)
    """Longest time a plugin may work on one job; none: what the plugin declares."""
    file_time_limit_seconds: float | None = Field(default=None, gt=0)
    """Longest time without progress to another file; none: what the plugin declares."""
    memory_limit_bytes: int | None = Field(default=None, ge=0)
    """Memory limit of all processes of a job together; 0: no limit; none: what the plugin declares, or
    otherwise a share of the machine's memory for each slot."""
    processors: int | None = Field(default=None, ge=1)
    """Number of processors a job may use; none: what the plugin declares. Limits set by a template take
    precedence over these."""

    @model_validator(mode="after")
    def _check_transport(self) -> Self:
        if self.transport is TransportName.FILES_API and self.goobi is None:
            raise ValueError("transport files-api needs TASKMANAGER_GOOBI, the file about Goobi")
        if self.transport is TransportName.FILES_API and self.provenance is Provenance.ON:
            raise ValueError("transport files-api cannot place the records of TASKMANAGER_PROVENANCE")
        return self

    @property
    def files_api(self) -> Path | None:
        """The Goobi settings file if files travel over its files API, otherwise None."""
        return self.goobi if self.transport is TransportName.FILES_API else None

    def limited(self, manifest: PluginManifest, slots: int) -> PluginManifest:
        """The manifest with the limits set here, for a runner with that many slots."""
        own = JobLimits(
            time_limit_seconds=self.time_limit_seconds,
            file_time_limit_seconds=self.file_time_limit_seconds,
            memory_limit_bytes=self.memory_limit_bytes or None,
        )
        processors = self.processors or manifest.processors
        limits = manifest.limits.overridden_by(own)
        if self.memory_limit_bytes == 0:
            limits = limits.model_copy(update={"memory_limit_bytes": None})
        elif limits.memory_limit_bytes is None:
            limits = limits.model_copy(update={"memory_limit_bytes": share_of(slots, machine_bytes())})
        return manifest.model_copy(update={"limits": limits, "processors": processors})

    @property
    def users(self) -> tuple[SlotUser, ...]:
        """The users that plugins run as, by slot; raises PermanentError."""
        return parse_users(self.slot_users)

    def user_of(self, slot: int) -> SlotUser | None:
        """The user that a slot's plugin runs as, in rotation if there are fewer; raises PermanentError."""
        users = self.users
        return users[slot % len(users)] if users else None

    def slot_processes(self, slots: int) -> int:
        """How many processes a runner's slots have together; raises PermanentError.

        Where slots have users of their own, no two processes may share one because of `fetch_ahead`.
        """
        wanted = slots * (1 + self.fetch_ahead)
        return slots if self.users and len(self.users) < wanted else wanted

    @property
    def seal(self) -> Seal:
        """The seal of journals in process folders; slow to compute, see `derive_key`."""
        secret = self.journal_key or SecretStr(broker_secret(self.amqp_url.get_secret_value()))
        return Seal(derive_key(secret.get_secret_value()))

    @property
    def job_roots(self) -> Roots:
        """The folders jobs may access, mapped according to `paths`; raises PathRefusedError."""
        return Roots.parse(self.roots, PathMapping.parse(self.paths))

    @property
    def heartbeat(self) -> timedelta:
        """Time between two heartbeats."""
        return timedelta(seconds=self.heartbeat_seconds)

    @property
    def claim_timeout(self) -> timedelta:
        """How long a ticket may stay unacknowledged."""
        return timedelta(seconds=self.claim_timeout_seconds)

    @property
    def claim_ahead(self) -> timedelta:
        """Within which time what is claimed ahead should begin."""
        return timedelta(seconds=self.claim_ahead_seconds)

    @property
    def drain(self) -> timedelta:
        """How long running jobs may continue after SIGTERM."""
        return timedelta(seconds=self.drain_seconds)


def default_runner_id(plugin: str) -> str:
    """`<host>-<plugin>`: the same after every restart, so that the scheduler recognises the runner."""
    host = re.sub(r"[^A-Za-z0-9_.-]", "-", socket.gethostname()).lstrip(".-")[:40] or "host"
    return f"{host}-{plugin}"
