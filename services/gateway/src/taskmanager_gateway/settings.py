"""What an operator may set for a gateway; read once, by `__main__`."""

from datetime import timedelta

from pydantic import Field

from taskmanager.config import RootsSettings, StoreSettings

MEBIBYTE = 1024 * 1024


class GatewaySettings(StoreSettings, RootsSettings):
    """Every limit of the HTTP API, with the value that suits a library."""

    http_port: int = Field(default=8080, ge=0, le=65535)
    body_limit_bytes: int = Field(default=MEBIBYTE, ge=1024)
    """Largest job, alone or in a batch. Far below what the store holds in one document (16 MiB)."""
    batch_body_limit_bytes: int = Field(default=16 * MEBIBYTE, ge=1024)
    batch_limit: int = Field(default=1_000, ge=1)
    """Most jobs in one batch."""
    recent_limit: int = Field(default=20_000, ge=1)
    """Submissions remembered until they are known to be stored."""
    event_queue_limit: int = Field(default=1_000, ge=1)
    """Events that may wait for one slow listener before it is dropped."""
    event_keepalive_seconds: float = Field(default=15.0, gt=0)
    plugin_refresh_seconds: float = Field(default=5.0, gt=0)

    @property
    def plugin_refresh(self) -> timedelta:
        """How often the list of plugins is read without being asked."""
        return timedelta(seconds=self.plugin_refresh_seconds)
