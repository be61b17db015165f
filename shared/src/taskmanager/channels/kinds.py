"""The kinds of channels, one table `[channels.NAME]` each. Secrets are in files, never in these settings."""

from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from taskmanager.model.jobs import Record
from taskmanager.model.notifications.rules import MailAddress


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError(f"{str(path)!r} is not absolute: give the full path of the file")
    return path


def checked_address(url: str) -> str:
    """The same text; raises ValueError for anything but an http or https address without a password."""
    address = urlsplit(url)
    if address.scheme not in {"http", "https"} or not address.hostname or not url.isprintable():
        raise ValueError("must begin with http:// or https:// and a host")
    if address.username is not None or address.password is not None or address.fragment:
        raise ValueError("must hold no name, password or fragment; secrets belong into files")
    return url


FilePath = Annotated[Path, AfterValidator(_absolute)]
Address = Annotated[str, StringConstraints(max_length=2_000), AfterValidator(checked_address)]
Seconds = Annotated[float, Field(gt=0, le=300)]
Domain = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]{1,255}$", to_lower=True)]


class MailChannel(Record):
    """Mail by an SMTP server of the house."""

    kind: Literal["mail"]
    host: Annotated[str, Field(min_length=1, max_length=255)]
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    """`starttls`: refused by us if the server cannot; `tls` from the first byte, usually on port 465."""
    sender: MailAddress
    user: Annotated[str, Field(max_length=255)] | None = None
    password_file: FilePath | None = None
    ca_file: FilePath | None = None
    """Certificates trusted instead of the system's."""
    recipients_within: tuple[Domain, ...] = ()
    """Domains that mail may go to; empty: any."""
    timeout_seconds: Seconds = 30.0

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.user is None) != (self.password_file is None):
            raise ValueError("user and password_file belong together")
        if self.user is not None and self.security == "none":
            raise ValueError("a password is not sent without TLS: use starttls or tls")
        return self

    def allows(self, recipient: str) -> bool:
        """Whether mail may go to this address."""
        domain = recipient.rpartition("@")[2].lower()
        return not self.recipients_within or domain in self.recipients_within


class _HttpChannel(Record):
    private_addresses: bool = False
    """Whether it may be in a private network, or on this machine."""
    ca_file: FilePath | None = None
    timeout_seconds: Seconds = 10.0


class WebhookChannel(_HttpChannel):
    """A program of the house, which gets JSON that is signed with a secret both know."""

    kind: Literal["webhook"]
    url: Address
    secret_file: FilePath


class MatrixChannel(_HttpChannel):
    """A room of Matrix, by the account of a bot."""

    kind: Literal["matrix"]
    url: Address
    """Of the homeserver."""
    room: Annotated[str, StringConstraints(pattern=r"^![^\s/?#]{1,250}$")]
    """The id of the room, `!abc:example.org`."""
    token_file: FilePath


class TeamsChannel(_HttpChannel):
    """A channel of Teams, by a workflow that posts cards; its address is a secret."""

    kind: Literal["teams"]
    url_file: FilePath


HttpChannel = WebhookChannel | MatrixChannel | TeamsChannel
Channel = Annotated[MailChannel | HttpChannel, Field(discriminator="kind")]
