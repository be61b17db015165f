"""Finds the client's address behind known proxies, and checks whether a network contains it. Pure."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def networks_of(text: str) -> tuple[Network, ...]:
    """Parse networks or addresses separated by commas or blanks; raises ValueError."""
    return tuple(ip_network(part) for part in text.replace(",", " ").split())


def address_of(text: str) -> Address | None:
    """Parse an address, unwrapping IPv4 written as IPv6 (`::ffff:192.0.2.1`); None if it is not valid."""
    try:
        address = ip_address(text.strip().strip("[]").partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def holds(networks: Sequence[Network], address: Address | None) -> bool:
    """Whether one of the networks contains the address."""
    return address is not None and any(address in network for network in networks)


def client_address(peer: str, forwarded: Sequence[str], proxies: Sequence[Network]) -> str:
    """The real client: the first entry of `X-Forwarded-For`, read from the right, that is not a known proxy.

    A header sent by anyone but a known proxy is ignored, because anyone can write one.
    """
    client = peer
    hops = [hop.strip() for value in forwarded for hop in value.split(",")]
    while hops and holds(proxies, address_of(client)):
        before = address_of(hops.pop())
        if before is None:
            break
        client = str(before)
    return client
