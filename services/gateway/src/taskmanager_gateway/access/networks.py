"""Networks: which addresses they contain, and their form for uvicorn. Pure."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

IPV4_BITS, IPV6_BITS = 32, 128

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


def as_trusted_hosts(proxies: Sequence[Network]) -> list[str]:
    """The networks in the form that uvicorn's middleware takes.

    An IPv4 network is listed as IPv4-mapped IPv6 as well (RFC 4291, 2.5.5.2), for a server that listens
    on `::`.
    """
    mapped = (
        f"::ffff:{network.network_address}/{IPV6_BITS - IPV4_BITS + network.prefixlen}"
        for network in proxies
        if isinstance(network, IPv4Network)
    )
    return [*map(str, proxies), *mapped]
