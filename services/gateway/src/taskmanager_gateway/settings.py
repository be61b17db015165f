"""An operator's settings for a gateway; read once, by `__main__`."""

from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from taskmanager.process.config import (
    GoobiFileSettings,
    NotificationFileSettings,
    RootsSettings,
    StoreSettings,
    TracingSettings,
)
from taskmanager.serving.http import Tls
from taskmanager.serving.limits import HttpLimits
from taskmanager_gateway.access.settings import AccessSettings
from taskmanager_gateway.pictures.reader.orders import Limits
from taskmanager_gateway.pictures.settings import PictureSettings

MEBIBYTE = 1024 * 1024
MEGA = 1_000_000


class DuplicateAnswer(StrEnum):
    """What `/itm/service` answers when the requested job is already active."""

    HISTORIC = "historic"
    """200, STATUS ERROR and ITM's own message, which its callers do not treat as a failure."""
    OK = "ok"
    """200, STATUS OK and the message: for callers that treat every STATUS ERROR as a failure."""
    CONFLICT = "conflict"
    """409, STATUS ERROR and the message: Goobi's HTTP step sets its step to error."""


class GatewaySettings(
    StoreSettings,
    RootsSettings,
    GoobiFileSettings,
    NotificationFileSettings,
    TracingSettings,
    AccessSettings,
):
    """Every limit of the HTTP API, with a default that suits a library."""

    http_port: int = Field(default=8080, ge=0, le=65535)
    """Port of the API, the pages, health and metrics; 0: any free one."""
    tls_certificate: Path | None = None
    """PEM file of the certificate; with it and its key the gateway speaks HTTPS and nothing else."""
    tls_key: Path | None = None
    """PEM file of the key that belongs to the certificate."""
    http_hosts: str = ""
    """Names (`jobs.example.org,127.0.0.1`) this service is reached by, without port; requests for others are
    refused, except for health and metrics. Empty: any name."""
    connection_limit: int = Field(default=1_000, ge=16)
    """Connections at the same time; a few more are accepted for health requests only."""
    connections_per_client: int = Field(default=200, ge=1)
    """Connections from one address, or one /64 of IPv6. Trusted proxies have no such limit."""
    head_seconds: float = Field(default=10.0, gt=0)
    """How long a client may take to send the headers of a request."""
    upload_seconds: float = Field(default=60.0, gt=0)
    """How long a client may take to send the body of a request."""
    stream_limit: int = Field(default=500, ge=1)
    """Event streams open at the same time."""
    streams_per_client: int = Field(default=50, ge=1)
    """Event streams of one user, one token, or one address where nobody logs in."""
    body_limit_bytes: int = Field(default=MEBIBYTE, ge=1024)
    """Largest job, alone or in a batch. Far below what the store holds in one document (16 MiB)."""
    batch_body_limit_bytes: int = Field(default=16 * MEBIBYTE, ge=1024)
    """Largest batch of jobs."""
    batch_limit: int = Field(default=1_000, ge=1)
    """Most jobs in one batch."""
    recent_limit: int = Field(default=20_000, ge=1)
    """Submissions remembered until they are known to be stored."""
    event_queue_limit: int = Field(default=1_000, ge=1)
    """Events that may queue up for one slow listener before it is disconnected."""
    event_keepalive_seconds: float = Field(default=15.0, gt=0)
    """Time between two comments that keep an idle event stream open."""
    plugin_refresh_seconds: float = Field(default=5.0, gt=0)
    """How often the list of plugins is refreshed without a request for it."""
    itm_default_job_type: str = Field(default="OCR", min_length=1, max_length=80)
    """The job type of a call to `/itm/service` that names none, as old calls for OCR do."""
    itm_unique: bool = True
    """Whether a call to `/itm/service` without a `unique` key gets one, so that a step started twice is one
    job."""
    itm_duplicate: DuplicateAnswer = DuplicateAnswer.HISTORIC
    """How a call to `/itm/service` is answered when the job is already active: `historic` 200 with STATUS
    ERROR and ITM's own message, `ok` 200 with STATUS OK, `conflict` 409."""
    itm_list_limit: int = Field(default=500, ge=1, le=10_000)
    """Most jobs in one answer of `/itm/api`; the newest are returned."""

    viewer_processes: int = Field(default=2, ge=0, le=16)
    """Processes that read the pictures of jobs for the pages; 0: pictures are not shown."""
    viewer_waiting: int = Field(default=64, ge=0)
    """Pictures that may wait for one of these processes; further ones are answered with 503."""
    viewer_seconds: float = Field(default=30.0, gt=0)
    """How long one picture may take."""
    viewer_memory_mb: int = Field(default=1_000, ge=200)
    """Memory one of these processes may use besides its programs, in megabytes."""
    viewer_megapixels: int = Field(default=250, ge=1)
    """Largest picture that is shown."""
    viewer_cache_mb: int = Field(default=128, ge=1)
    """Memory for what was made of pictures, in megabytes; a page takes 1 to 5."""

    @model_validator(mode="after")
    def _certificate_with_key(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("TASKMANAGER_TLS_CERTIFICATE and TASKMANAGER_TLS_KEY go together")
        return self

    @property
    def tls(self) -> Tls | None:
        """The certificate and key for HTTPS; None for HTTP."""
        if self.tls_certificate is None or self.tls_key is None:
            return None
        return Tls(self.tls_certificate, self.tls_key)

    @property
    def host_names(self) -> frozenset[str]:
        """The names this service is reached by, in lower case."""
        return frozenset(self.http_hosts.lower().replace(",", " ").split())

    @property
    def http_limits(self) -> HttpLimits:
        """The limits of the HTTP server."""
        return HttpLimits(
            head_seconds=self.head_seconds,
            body_seconds=self.upload_seconds,
            connections=self.connection_limit,
            connections_per_client=self.connections_per_client,
            shared_by=self.proxy_networks,
        )

    @property
    def pictures(self) -> PictureSettings:
        """How much the pictures of jobs may take."""
        limits = Limits(
            pixels=self.viewer_megapixels * MEGA,
            memory_bytes=self.viewer_memory_mb * MEGA,
            seconds=self.viewer_seconds,
        )
        return PictureSettings(
            processes=self.viewer_processes,
            waiting=self.viewer_waiting,
            cache_bytes=self.viewer_cache_mb * MEGA,
            limits=limits,
        )

    @property
    def plugin_refresh(self) -> timedelta:
        """How often the list of plugins is refreshed without a request for it."""
        return timedelta(seconds=self.plugin_refresh_seconds)
