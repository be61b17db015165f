"""Which connection gives way when there are too many. Knows nothing of sockets or HTTP."""

from collections import Counter
from enum import Enum
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Protocol

from taskmanager.serving.limits import HttpLimits


class BoundConnection(Protocol):
    """A connection."""

    client_key: str
    """The client it belongs to, for the limit per client."""

    @property
    def idle(self) -> bool:
        """Whether nothing is being answered on it: it sent no complete request, or got its answer."""

    def give_way(self) -> None:
        """Close it."""


class Admission(Enum):
    """What a new connection is allowed."""

    FREE = "free"
    RESERVE = "reserve"
    """Requests for health and metrics only."""
    NONE = "none"


class ConnectionTable:
    """All connections of one server, oldest first."""

    def __init__(self, limits: HttpLimits) -> None:
        """Begin without connections."""
        self._limits = limits
        self._guests: dict[BoundConnection, None] = {}
        self._of_client: Counter[str] = Counter()

    def __len__(self) -> int:
        """The number of connections."""
        return len(self._guests)

    def enter(self, guest: BoundConnection) -> Admission:
        """Admit a new connection; if there are too many, an idle one gives way to it."""
        seat = self._seat(guest)
        if seat is not Admission.NONE:
            self._guests[guest] = None
            self._of_client[guest.client_key] += 1
        return seat

    def leave(self, guest: BoundConnection) -> None:
        """Remove a closed connection, which need not have been admitted."""
        if guest not in self._guests:
            return
        del self._guests[guest]
        self._of_client[guest.client_key] -= 1
        if not self._of_client[guest.client_key]:
            del self._of_client[guest.client_key]

    def _seat(self, guest: BoundConnection) -> Admission:
        limits = self._limits
        crowded = self._of_client[guest.client_key] >= limits.connections_per_client
        if crowded and not self._shared(guest.client_key) and not self._make_room(guest.client_key):
            return Admission.NONE
        if len(self._guests) < limits.connections or self._make_room():
            return Admission.FREE
        return (
            Admission.RESERVE if len(self._guests) < limits.connections + limits.reserve else Admission.NONE
        )

    def _make_room(self, client_key: str | None = None) -> bool:
        """Close the oldest idle connection, of that client or of any client."""
        for guest in self._guests:
            if guest.idle and client_key in {None, guest.client_key}:
                self.leave(guest)
                guest.give_way()
                return True
        return False

    def _shared(self, client_key: str) -> bool:
        network = ip_network(client_key) if client_key else None
        return network is not None and any(
            network.version == shared.version and network.subnet_of(shared)  # type: ignore[arg-type]
            for shared in self._limits.shared_by
        )


def client_key(address: str) -> str:
    """What counts as one client: an IPv4 address, or an IPv6 /64, which belongs to one household or machine.

    Empty for anything that is not an IP address, such as a Unix socket.
    """
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(ip_network(parsed.ipv4_mapped))
        return str(ip_network((parsed, 64), strict=False))
    return str(ip_network(parsed))
