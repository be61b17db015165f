"""Which IP addresses are of the internet: a pure decision for what makes requests on behalf of others."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

_TRANSLATED: Final = IPv6Network("64:ff9b::/96")
"""IPv4 addresses behind a translator (RFC 6052)."""
_LAST_32_BITS: Final = 0xFFFF_FFFF


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet: not private, loopback, link-local, multicast, reserved.

    IPv6 addresses that carry an IPv4 address are judged by that one.
    """
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    inner = _carried(found) if isinstance(found, IPv6Address) else None
    if inner is not None:
        found = inner
    return found.is_global and not found.is_multicast and not found.is_reserved


def _carried(address: IPv6Address) -> IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    return IPv4Address(int(address) & _LAST_32_BITS) if address in _TRANSLATED else None
