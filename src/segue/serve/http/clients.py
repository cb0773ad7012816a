"""Who counts as one client."""

from __future__ import annotations

import ipaddress

from starlette.types import Scope

_PREFIX = 64  # bits of an IPv6 address: the rest, a client chooses as it likes


def client_of(scope: Scope) -> str:
    """The client's address, of IPv6 its network."""
    client = scope.get("client")
    return name_client(client[0]) if client else ""


def name_client(address: str) -> str:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:  # what a proxy says
        return address[:64]
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped:
        return str(ip.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(ip), _PREFIX), strict=False))
