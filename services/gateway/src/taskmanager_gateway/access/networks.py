"""Which address a request comes from, through known proxies; and whether a network holds it. Pure."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def networks_of(text: str) -> tuple[Network, ...]:
    """Networks or addresses separated by commas or blanks; raises ValueError."""
    return tuple(ip_network(part) for part in text.replace(",", " ").split())


def address_of(text: str) -> Address | None:
    """The address, an IPv4 one also if it is written as IPv6 (`::ffff:192.0.2.1`); None if it is none."""
    try:
        address = ip_address(text.strip().strip("[]").partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def holds(networks: Sequence[Network], address: Address | None) -> bool:
    """Whether one of the networks holds the address."""
    return address is not None and any(address in network for network in networks)


def client_address(peer: str, forwarded: Sequence[str], proxies: Sequence[Network]) -> str:
    """Who really asks: of `X-Forwarded-For`, read from the right, the first that is no known proxy.

    A list sent by anybody but a known proxy is not looked at, for everybody can write one.
    """
    client = peer
    hops = [hop.strip() for value in forwarded for hop in value.split(",")]
    while hops and holds(proxies, address_of(client)):
        before = address_of(hops.pop())
        if before is None:
            break
        client = str(before)
    return client
