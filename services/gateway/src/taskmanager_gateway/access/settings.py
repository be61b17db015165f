"""An operator's settings for access."""

from datetime import timedelta
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from taskmanager_gateway.access.networks import Network, networks_of
from taskmanager_gateway.access.oidc_settings import OidcSettings


class AccessMode(StrEnum):
    """Whether callers have to authenticate."""

    REQUIRED = "required"
    OFF = "off"
    """Anyone may do anything, under any name: for demonstrations on one machine only."""


class CookieSecurity(StrEnum):
    """Whether browsers send the session cookie over HTTPS only."""

    AUTO = "auto"
    """Over HTTPS only if the log-in came over HTTPS."""
    ALWAYS = "always"


class AccessSettings(OidcSettings):
    """Log-in, sessions, and who needs no token."""

    access: AccessMode = AccessMode.REQUIRED
    """`off`: anyone may do anything, under any name; for demonstrations on one machine only."""
    itm_open_to: str = ""
    """Networks (`192.0.2.0/24,2001:db8::7`) whose calls to `/itm/service` need no token."""
    trusted_proxies: str = ""
    """Networks of proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are trusted."""
    session_hours: float = Field(default=12, gt=0, le=24 * 31)
    """The longest a log-in lasts, in hours."""
    session_idle_minutes: float = Field(default=120, gt=0)
    """How long a session lasts while its user neither opens a page nor changes anything."""
    fresh_minutes: float = Field(default=15, gt=0)
    """How long after a log-in users and tokens may be changed; after that, a new log-in is required."""
    session_cookie: CookieSecurity = CookieSecurity.AUTO
    """`always`: the session cookie is sent over HTTPS only; `auto`: only if the log-in came over HTTPS."""

    @property
    def session_lifetime(self) -> timedelta:
        """From the log-in to the end of the session."""
        return timedelta(hours=self.session_hours)

    @property
    def session_idle(self) -> timedelta:
        """How long a session lasts without activity."""
        return timedelta(minutes=self.session_idle_minutes)

    @property
    def itm_open_networks(self) -> tuple[Network, ...]:
        """Networks whose calls to ITM's address need no token."""
        return networks_of(self.itm_open_to)

    @property
    def proxy_networks(self) -> tuple[Network, ...]:
        """Networks that are trusted to report the client's address."""
        return networks_of(self.trusted_proxies)

    @model_validator(mode="after")
    def _readable(self) -> Self:
        """Raises ValueError, which names the setting, before anything is served."""
        for name in ("itm_open_to", "trusted_proxies"):
            try:
                networks_of(getattr(self, name))
            except ValueError as error:
                message = f"TASKMANAGER_{name.upper()}: {error}"
                raise ValueError(message) from error
        return self
