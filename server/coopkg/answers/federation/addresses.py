"""Which addresses a request may go to: one notation for each, and none outside of the public Internet.

A name is resolved once, all its addresses are checked, and the connection goes to one of those very addresses, so that
a name which resolves to another address the next time (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

    Resolve = Callable[[str, int], list[str]]

_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME: Final = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*")
_NUMERIC: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
"""A host whose last label is a number is an IPv4 address to some parsers, whatever its form (WHATWG URL, 3.5)."""
_PRINTABLE_ASCII: Final = re.compile(r"[!-~]+")
_PORTS: Final = {"http": 80, "https": 443}

# Beside ``is_global`` and not instead of it: what that knows differs from one version of Python to the next.
_NOT_PUBLIC: Final = tuple(
    ipaddress.ip_network(block)
    for block in (
        # IANA IPv4 Special-Purpose Address Registry, and multicast
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
        # IANA IPv6 Special-Purpose Address Registry, multicast, and what was once site-local
        "::/96", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16",
        "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
    )
)  # fmt: skip
_EMBEDDING: Final = {
    ipaddress.ip_network("::ffff:0:0/96"): 0,  # IPv4-mapped (RFC 4291, section 2.5.5.2)
    ipaddress.ip_network("::ffff:0:0:0/96"): 0,  # IPv4-translated (RFC 2765)
    ipaddress.ip_network("64:ff9b::/96"): 0,  # NAT64 (RFC 6052)
    ipaddress.ip_network("2002::/16"): 80,  # 6to4 (RFC 3056)
}
"""IPv6 networks whose addresses contain an IPv4 address, and the number of bits to the right of it.

A gateway may forward such a packet to the IPv4 address, which can be 127.0.0.1 or a private one.
"""
_ISATAP: Final = 0x5EFE
"""The bits 32 to 47 of an interface identifier that embeds an IPv4 address (RFC 5214, section 6.1)."""


class ForbiddenAddress(ValueError):
    """An address that no request may go to; the text says why."""


@dataclass(frozen=True)
class Target:
    """Where a request goes: scheme, host in lower case (an IPv6 address without brackets), port, path with query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def iri(self) -> str:
        """Return the target as an IRI."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"

    def asking(self, parameters: str) -> Target:
        """Build the target with ``parameters``, which are encoded, added to its query."""
        return Target(self.scheme, self.host, self.port, f"{self.path}{'&' if '?' in self.path else '?'}{parameters}")

    def follow(self, location: str) -> Target:
        """Return the target of a redirect.

        Raises ForbiddenAddress as ``read_target``, and for a step from https to http.
        """
        if not _PRINTABLE_ASCII.fullmatch(location):
            raise ForbiddenAddress("a redirect without a readable address")
        target = read_target(urljoin(self.iri, location))
        if self.scheme == "https" and target.scheme != "https":
            raise ForbiddenAddress("a redirect from https to http")
        return target


def read_target(iri: str) -> Target:
    """Parse an http or https IRI.

    Raises ForbiddenAddress for anything that two parsers could understand differently.
    """
    # What is checked must be what is connected to. A backslash, user information, an empty port or a number in
    # hexadecimal is the means by which one parser sees another host than the next.
    if not _PRINTABLE_ASCII.fullmatch(iri) or "\\" in iri:
        raise ForbiddenAddress("an address with characters beyond ASCII, with a space or a backslash")
    try:
        parts = urlsplit(iri)
        port = parts.port
    except ValueError:
        raise ForbiddenAddress("an address that is not well-formed") from None
    if parts.scheme not in _PORTS or not iri.lower().startswith(f"{parts.scheme}://"):
        raise ForbiddenAddress("an address that is neither http nor https")
    if "@" in parts.netloc:
        raise ForbiddenAddress("an address with user information")
    if port == 0 or parts.netloc.endswith(":"):
        raise ForbiddenAddress("an address with an empty port")
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    return Target(parts.scheme, _host(parts.netloc, port), port or _PORTS[parts.scheme], path)


def _host(netloc: str, port: int | None) -> str:
    """Return the host in its one notation: lower case, IPv4 as four decimals, IPv6 compressed and without brackets."""
    host = netloc.removesuffix(f":{port}") if port is not None else netloc
    if host.startswith("[") and host.endswith("]"):
        try:
            address = ipaddress.IPv6Address(host[1:-1])
        except ValueError:
            raise ForbiddenAddress("an IPv6 address that is not well-formed") from None
        if address.scope_id:
            raise ForbiddenAddress("an IPv6 address with a zone")
        return address.compressed
    host = host.lower()
    if _NUMERIC.fullmatch(host):
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError:
            raise ForbiddenAddress("an IPv4 address that is not four decimal numbers") from None
    if not _NAME.fullmatch(host):
        raise ForbiddenAddress("a host name that is not written in plain letters, digits and hyphens")
    return host


def is_public(address: str) -> bool:
    """Check whether an IP address, and any IPv4 address that it embeds, belongs to the public Internet."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.scope_id:
            return False
        for network, shift in _EMBEDDING.items():
            if ip in network:
                return is_public(str(ipaddress.IPv4Address(int(ip) >> shift & 0xFFFFFFFF)))
        if int(ip) >> 32 & 0xFCFFFFFF == _ISATAP and not is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))):
            return False
    return ip.is_global and not any(ip in block for block in _NOT_PUBLIC if block.version == ip.version)


def resolve(host: str, port: int) -> list[str]:
    """Resolve the addresses of a host, as the system resolves it. Raises OSError."""
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for _, _, _, _, address in infos))


def addresses_of(target: Target, resolve: Resolve, *, private: bool) -> list[str]:
    """Resolve the addresses of a target's host, one or more.

    ``private`` says that the operator has allowed this very host and port, wherever it is. Raises ForbiddenAddress
    where even one address may not be reached, and OSError where there is none.
    """
    # All of them, not the first that is public: a name with a public and a private address is how a check is bypassed.
    try:
        addresses = [str(ipaddress.ip_address(target.host))]
    except ValueError:
        addresses = resolve(target.host, target.port)
    if not addresses:
        raise OSError(f"{target.host} has no address")
    if not private and not all(is_public(address) for address in addresses):
        raise ForbiddenAddress("an address outside of the public Internet")
    return addresses
