"""An operator's settings for OpenID Connect. Without an issuer it is off."""

from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from taskmanager.model.access import Role
from taskmanager.process.config import Settings

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class OidcSettings(Settings):
    """Where people log in with their organisation's account, and what its groups mean here."""

    model_config = SettingsConfigDict(hide_input_in_errors=True)  # the input holds the secret

    public_url: str = ""
    """The address of the gateways as browsers know it; if empty, the address of the request is used and
    security keys are not offered."""
    oidc_issuer: str = ""
    """Address of the identity provider, https; empty: no log-in by OpenID Connect."""
    oidc_client_id: str = ""
    """The client id of the TaskManager at the provider; required with an issuer."""
    oidc_client_secret: SecretStr | None = None
    """The secret that goes with the client id; none: a public client, which only PKCE protects."""
    oidc_name: str = Field(default="OpenID Connect", min_length=1, max_length=80)
    """What the button on the log-in page calls the provider."""
    oidc_user_claim: str = "preferred_username"
    """The claim that holds the user name."""
    oidc_role_claim: str = "groups"
    """The claim that holds the groups: its name, or a dotted path."""
    oidc_admin_group: str = ""
    """The group whose members are admins; with an issuer at least one of the three groups is required."""
    oidc_operator_group: str = ""
    """The group whose members are operators."""
    oidc_viewer_group: str = ""
    """The group whose members are viewers."""
    oidc_plugins_claim: str = ""
    """The claim that lists the plugins a user is restricted to; empty: the provider does not decide that."""
    oidc_ca_file: Path | None = None
    """PEM file of certificates to trust for the provider in addition to the system's."""

    @property
    def oidc_groups(self) -> dict[Role, str]:
        """The groups that grant a role, the most powerful role first."""
        named = {
            Role.ADMIN: self.oidc_admin_group,
            Role.OPERATOR: self.oidc_operator_group,
            Role.VIEWER: self.oidc_viewer_group,
        }
        return {role: group for role, group in named.items() if group}

    @model_validator(mode="after")
    def _complete(self) -> Self:
        """Raises ValueError, which names the setting, before anything is served."""
        if self.public_url and not _is_address(self.public_url):
            raise ValueError("TASKMANAGER_PUBLIC_URL: an address like https://jobs.example.org is expected")
        if not self.oidc_issuer:
            return self
        if not _is_safe(self.oidc_issuer):
            raise ValueError("TASKMANAGER_OIDC_ISSUER: an https address is expected (http on loopback only)")
        if not self.oidc_client_id:
            raise ValueError("TASKMANAGER_OIDC_CLIENT_ID: it is needed with TASKMANAGER_OIDC_ISSUER")
        if not self.oidc_groups:
            raise ValueError(
                "TASKMANAGER_OIDC_VIEWER_GROUP, _OPERATOR_GROUP, _ADMIN_GROUP: name one at least"
            )
        return self


def _is_address(text: str) -> bool:
    services = urlsplit(text)
    return services.scheme in {"http", "https"} and bool(services.netloc) and services.path.strip("/") == ""


def _is_safe(text: str) -> bool:
    """Whether nobody can intercept or change what the provider sends: https, or http on loopback."""
    services = urlsplit(text)
    return bool(services.hostname) and (
        services.scheme == "https" or (services.scheme == "http" and services.hostname in LOOPBACK)
    )
