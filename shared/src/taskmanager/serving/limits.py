"""What one HTTP server accepts from its clients: numbers, used by `protocol` and `connections`."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Bytes, counts and seconds."""

    head_bytes: int = 64 * 1024
    """Request line and headers; also anything between two pieces of a body (trailers, chunk headers)."""
    head_fields: int = 100
    """Headers of one request (more are answered with 431; RFC 6585, section 5)."""
    head_seconds: float = 10
    """From the connection, or from the first byte of a later request, to the end of its headers."""
    body_seconds: float = 60
    """From the end of the headers to the end of the body, whether or not the application reads it."""
    idle_seconds: float = 5
    """Between an answer and the next request on the same connection."""
    stall_seconds: float = 60
    """How long a client may read nothing of an answer that is waiting to be sent."""
    connections: int = 1_000
    """Open at the same time, not counting the reserve."""
    connections_per_client: int = 200
    """Of these, for one address or one IPv6 /64."""
    reserve: int = 16
    """Additional connections, on which only `/health/` and `/metrics` are answered."""
    shared_by: tuple[Network, ...] = ()
    """Proxies: their many clients share one address, so the limit per client does not apply to them."""
