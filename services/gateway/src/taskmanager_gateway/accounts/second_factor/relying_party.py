"""Whom security keys sign for: the pages at the address that is configured."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from taskmanager_gateway.access.networks import address_of


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """The party keys sign for: browsers use keys of host `id` only on its pages, here those of `origin`."""

    id: str
    origin: str


def relying_party(public_url: str) -> RelyingParty | None:
    """The relying party of the pages at this address; None if browsers use no keys there.

    Browsers require HTTPS, except for `localhost`, and a host name: an IP address is not valid (WebAuthn
    Level 2, section 5.1.2).
    """
    parts = urlsplit(public_url)
    if not parts.hostname or address_of(parts.hostname) is not None:
        return None
    host = parts.hostname.encode("idna").decode()
    if parts.scheme != "https" and not (parts.scheme == "http" and host == "localhost"):
        return None
    usual = {"https": 443, "http": 80}[parts.scheme]
    port = "" if parts.port in {None, usual} else f":{parts.port}"
    return RelyingParty(host, f"{parts.scheme}://{host}{port}")
