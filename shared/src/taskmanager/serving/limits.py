"""What one HTTP server bears of its clients: numbers, used by `protocol` and `crowd`."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Bytes, counts and seconds."""

    head_bytes: int = 64 * 1024
    """Request line and headers; also what may lie between two pieces of a body (trailers, chunk headers)."""
    head_fields: int = 100
    """Headers of one request (RFC 6585, section 5, has the answer for more: 431)."""
    head_seconds: float = 10
    """From the connection, or from the first byte of a later request, to the end of its headers."""
    body_seconds: float = 60
    """From the end of the headers to the end of the body, whether or not anybody reads it."""
    idle_seconds: float = 5
    """Between an answer and the next request on the same connection."""
    stall_seconds: float = 60
    """How long a client may take nothing of an answer that waits for it."""
    connections: int = 1_000
    """Open at the same time, besides the reserve."""
    connections_per_client: int = 200
    """Of these for one address, or one /64 of IPv6."""
    reserve: int = 16
    """More connections, which get answers from `/health/` and `/metrics` only."""
    shared_by: tuple[Network, ...] = ()
    """Proxies: their many clients share one address, so the limit for one client does not hold for them."""
