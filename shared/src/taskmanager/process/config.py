"""Settings that several services share, read from the environment; secrets may come from files.

Nothing is read at import: each `__main__` creates its settings once.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from taskmanager.files.roots import Roots
from taskmanager.messages.topology import Topology
from taskmanager.model.partitions import MOST_PARTITIONS

FILE_SUFFIX = "_FILE"


class FileSecrets(PydanticBaseSettingsSource):
    """`NAME_FILE` in the environment names a file that holds the value of `NAME`."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        """The stripped content of the file, if one is named."""
        for name in _names(field, field_name):
            file = os.environ.get(name + FILE_SUFFIX)
            if file:
                return Path(file).read_text(encoding="utf-8").strip(), field_name, False
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """All values that come from files."""
        found = {}
        for name, field in self.settings_cls.model_fields.items():
            value, key, _ = self.get_field_value(field, name)
            if value is not None:
                found[key] = value
        return found


def _names(field: Any, field_name: str) -> list[str]:
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        return [str(choice) for choice in alias.choices]
    return [str(alias)] if alias else [f"TASKMANAGER_{field_name.upper()}"]


class Settings(BaseSettings):
    """What every service needs to know."""

    model_config = SettingsConfigDict(
        env_prefix="TASKMANAGER_", extra="ignore", populate_by_name=True, frozen=True
    )

    amqp_url: SecretStr = Field(
        default=SecretStr("amqp://guest:guest@127.0.0.1:5672/%2F"), validation_alias=AliasChoices("AMQP_URL")
    )
    """RabbitMQ, 3.10 to 4.3, with a separate user for each service and plugin. Several nodes are tried in
    turn: hosts separated by commas (`amqp://user:password@one:5672,two:5672/%2F`), or whole addresses.
    """
    topology_prefix: str = Field(default="tm", pattern=r"^[a-z0-9_.-]{1,40}$")
    """First part of every name in RabbitMQ, so that installations can share a broker."""
    partitions: int = Field(default=1, ge=1, le=MOST_PARTITIONS)
    """Into how many inboxes the scheduler's work is divided, by plugin, so that several schedulers share it.
    The same for all services; changed by `taskmanager-migrate` while everything else is stopped.
    """
    http_host: str = "127.0.0.1"
    """Address to listen on, for health and metrics and, in the gateway, for the API and the pages."""
    log_format: Literal["json", "console"] = "console"
    """`json` for machines, `console` for people."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least severe log entries that are written."""

    @property
    def topology(self) -> Topology:
        """The names in the broker."""
        return Topology(self.topology_prefix, self.partitions)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then files, then the environment."""
        del dotenv_settings, file_secret_settings
        return init_settings, FileSecrets(settings_cls), env_settings


class StoreSettings(Settings):
    """For the services that use MongoDB."""

    mongodb_url: SecretStr = Field(
        default=SecretStr("mongodb://127.0.0.1:27017/taskmanager?replicaSet=rs0"),
        validation_alias=AliasChoices("MONGODB_URL"),
    )
    """MongoDB 6 or newer as a replica set (one node is enough); the path names the database."""


class TracingSettings(Settings):
    """For the services that make spans."""

    otlp_endpoint: str | None = Field(default=None, pattern=r"^https?://[^\s]+$")
    """Address of a collector that speaks OTLP over HTTP (`http://collector:4318`); spans are sent to
    `/v1/traces` below it. Needs the extra `tracing`. None: no spans are made. The variables `OTEL_*` of
    OpenTelemetry's SDK (sampling, headers, time limits) count as well."""


class GoobiFileSettings(Settings):
    """For the services that talk to Goobi or act for it."""

    goobi: Path | None = None
    """The TOML file about Goobi: installations, what they are told, job types, folders."""


class NotificationFileSettings(Settings):
    """For the services that send notifications, or show who gets them."""

    notifications: Path | None = None
    """The TOML file about notifications: the channels they may go to, and where people reach the pages."""


class RootsSettings(Settings):
    """For the services that check the paths of jobs."""

    roots: str = ""
    """Absolute folders that jobs may use, separated by `:`; empty: no job with a path is accepted."""

    @property
    def job_roots(self) -> Roots:
        """The folders jobs may use; raises PathRefusedError for a relative one."""
        return Roots.parse(self.roots)


def exit_text(error: Exception, environment: Mapping[str, str] = os.environ) -> str:
    """One line for stderr about a wrong setting, without secrets."""
    text = str(error)
    for name in ("AMQP_URL", "MONGODB_URL"):
        value = environment.get(name)
        if value:
            text = text.replace(value, f"<{name}>")
    return text
