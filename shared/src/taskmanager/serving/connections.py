"""Who is connected: which connection gives way when there are too many. Knows no socket and no HTTP."""

from collections import Counter
from enum import Enum
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Protocol

from taskmanager.serving.limits import HttpLimits


class BoundConnection(Protocol):
    """A connection."""

    client_key: str
    """Who it belongs to, for the limit of one client."""

    @property
    def idle(self) -> bool:
        """Whether nothing is being answered on it: it has sent no complete request, or had its answer."""

    def give_way(self) -> None:
        """Close it."""


class Admission(Enum):
    """What a new connection gets."""

    FREE = "free"
    RESERVE = "reserve"
    """Answers about health only."""
    NONE = "none"


class ConnectionTable:
    """All connections of one server, the oldest first."""

    def __init__(self, limits: HttpLimits) -> None:
        """Nobody is there."""
        self._limits = limits
        self._guests: dict[BoundConnection, None] = {}
        self._of_client: Counter[str] = Counter()

    def __len__(self) -> int:
        """How many there are."""
        return len(self._guests)

    def enter(self, guest: BoundConnection) -> Admission:
        """A new connection; an idle one gives way to it where there are too many."""
        seat = self._seat(guest)
        if seat is not Admission.NONE:
            self._guests[guest] = None
            self._of_client[guest.client_key] += 1
        return seat

    def leave(self, guest: BoundConnection) -> None:
        """It is closed; one that never entered may leave too."""
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
        """Close the oldest idle connection, of that client or of anybody."""
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
    """What counts as one client: an IPv4 address, or a /64 of IPv6, which one household or machine has.

    Empty for what is no address, such as a Unix socket.
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
