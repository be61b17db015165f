"""What a runner reads from its environment. Command line options are the business of `__main__`."""

import re
import socket
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator

from taskmanager.files.roots import PathMapping, Roots
from taskmanager.model.manifest import JobLimits, PluginManifest
from taskmanager.process.config import RootsSettings
from taskmanager_plugin_runner.files.seals import Seal, broker_secret, derive_key
from taskmanager_plugin_runner.system.memory import machine_bytes, share_of
from taskmanager_plugin_runner.system.slot_users import SlotUser, parse_users

RUNNER_ID_PATTERN = r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}$"
"""A runner's id becomes part of a queue name, a routing key and a folder name."""


class UploadMode(StrEnum):
    """How the input of a job comes to the plugin."""

    AUTO = "auto"
    """Linked into the workspace if the plugin reads in place and the disk is a local one, else copied."""
    COPY = "copy"
    IN_PLACE = "in_place"
    """Linked into the workspace wherever a link can be made."""


class ForeignLinks(StrEnum):
    """What becomes of a source file that is one of several names of a file of another owner."""

    REFUSE = "refuse"
    ALLOW = "allow"


class TransportName(StrEnum):
    """How input and results of jobs travel."""

    SHARED = "shared"
    """Over a file system that Goobi and the runner share."""
    FILES_API = "files-api"
    """Over Goobi's files API; for a runner that has not the share."""


class RunnerSettings(RootsSettings):
    """Environment of a runner; times are in seconds."""

    http_port: int = Field(default=8082, ge=0, le=65535)
    """Port of health and metrics; 0: any free one."""
    workspace: Path
    """Folder for the input, output and scratch files of running jobs."""
    templates: Path | None = None
    """Folder with more templates for the plugins."""
    runner_id: str | None = Field(default=None, pattern=RUNNER_ID_PATTERN)
    """Must stay the same over restarts and be in use once; none: `<host>-<plugin>`."""
    paths: str = ""
    """Where the folders of stored jobs lie on this machine: `/stored=/here` pairs, separated by `:`."""
    upload_mode: UploadMode = UploadMode.AUTO
    """`copy`: input is copied into the workspace; `in_place`: it is linked wherever a link can be made;
    `auto`: it is linked where the plugin reads in place and the disk is a local one."""
    ahead_bytes: int = Field(default=1024**3, ge=0)
    """How far input is copied ahead of the work, if the plugin allows; 0: all before the work, and
    all results after it."""
    foreign_hard_links: ForeignLinks = ForeignLinks.REFUSE
    """A source file that has several names and does not belong to the owner of its folder fails the job;
    `allow` lets it in."""
    transport: TransportName = TransportName.SHARED
    """How input and results travel: over a file system shared with Goobi, or over Goobi's files API."""
    goobi: Path | None = None
    """The TOML file about Goobi; required by the transport `files-api`, not read otherwise."""
    journal_key: SecretStr | None = None
    """Secret that journals in process folders are sealed with, the same for all runners of a plugin; none:
    a key made of the broker's password."""
    heartbeat_seconds: float = Field(default=5.0, gt=0)
    """Time between two heartbeats."""
    claim_timeout_seconds: float = Field(default=10.0, gt=0)
    """How long a ticket may stay unacknowledged."""
    drain_seconds: float = Field(default=10.0, ge=0)
    """How long running jobs may go on after SIGTERM; then they are handed back, unfailed."""

    slot_users: str = ""
    """Whom plugins run as, by slot: names, numbers, ranges of numbers, separated by commas; empty: the
    runner's own user. See `slot_users`."""

    nice: int = Field(default=5, ge=0, le=19)
    """How far jobs stand back for other programs of the machine; their priority for disks falls with it."""
    time_limit_seconds: float | None = Field(default=None, gt=0)
    """Longest time a plugin may work on one job; none: what the plugin declares."""
    file_time_limit_seconds: float | None = Field(default=None, gt=0)
    """Longest time without a report of another file; none: what the plugin declares."""
    memory_limit_bytes: int | None = Field(default=None, ge=0)
    """Memory of all processes of a job together; 0: no limit; none: what the plugin declares, or else a
    share of the machine for each slot."""
    processors: int | None = Field(default=None, ge=1)
    """Processors a job is bound to; none: what the plugin declares. Limits that a template sets go before
    these."""

    @model_validator(mode="after")
    def _check_transport(self) -> Self:
        if self.transport is TransportName.FILES_API and self.goobi is None:
            raise ValueError("transport files-api needs TASKMANAGER_GOOBI, the file about Goobi")
        return self

    @property
    def files_api(self) -> Path | None:
        """The file about Goobi if files travel over its files API."""
        return self.goobi if self.transport is TransportName.FILES_API else None

    def limited(self, manifest: PluginManifest, slots: int) -> PluginManifest:
        """The manifest with the limits that are set here, on a runner with so many slots."""
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
        """Whom plugins run as, by slot; raises PermanentError."""
        return parse_users(self.slot_users)

    def user_of(self, slot: int) -> SlotUser | None:
        """Whom the plugin of a slot runs as, in turn if there are fewer; raises PermanentError."""
        users = self.users
        return users[slot % len(users)] if users else None

    @property
    def seal(self) -> Seal:
        """The seal of journals in process folders; takes a moment."""
        secret = self.journal_key or SecretStr(broker_secret(self.amqp_url.get_secret_value()))
        return Seal(derive_key(secret.get_secret_value()))

    @property
    def job_roots(self) -> Roots:
        """The folders jobs may touch, reached as `paths` says; raises PathRefusedError."""
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
    def drain(self) -> timedelta:
        """How long running jobs may go on after SIGTERM."""
        return timedelta(seconds=self.drain_seconds)


def default_runner_id(plugin: str) -> str:
    """`<host>-<plugin>`: the same after every restart, so that the scheduler knows the runner again."""
    host = re.sub(r"[^A-Za-z0-9_.-]", "-", socket.gethostname()).lstrip(".-")[:40] or "host"
    return f"{host}-{plugin}"
