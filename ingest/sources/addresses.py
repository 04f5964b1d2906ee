"""Which hosts a source may be fetched from: public ones, and those that the operator lists.

What a tenant names as a source is fetched from inside the operator's network, so without this check anybody who may add
a source could read what only that network can see (server-side request forgery).
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Sequence

from core.errors import DocumentError

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port → its addresses as text, at least one. Raises `OSError` where there is none."""

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# https://www.iana.org/assignments/iana-ipv4-special-registry, of our own so that a newer Python cannot change what is refused.
_REFUSED_V4 = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8",  # this network; Linux connects 0.0.0.0 to the loopback
            "10.0.0.0/8",
            "100.64.0.0/10",  # carriers' NAT; also a cloud's metadata (100.100.100.200)
            "127.0.0.0/8",
            "169.254.0.0/16",  # link-local; most clouds' metadata
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
            "168.63.129.16/32",  # a public address that Azure answers inside every virtual machine
        ),
    )
)
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
"""All that is assigned for the public. Loopback, link-local, unique local, multicast, IPv4-mapped, IPv4-compatible and NAT64
(64:ff9b::/96, 64:ff9b:1::/48) addresses lie outside."""
_REFUSED_V6 = tuple(
    map(
        ipaddress.IPv6Network,
        (
            "2001::/23",  # protocol assignments, Teredo among them
            "2001:db8::/32",
            "2002::/16",  # 6to4 carries any IPv4 address
            "2620:4f:8000::/48",
            "3fff::/20",
        ),
    )
)
_NEVER_BY_NAME = tuple(
    map(ipaddress.ip_network, ("0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "fe80::/10", "ff00::/8", "fd00:ec2::/32"))
)
"""Refused even where a listed name leads there: a name's DNS may be in other hands than the list."""
_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*", re.ASCII)
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*", re.ASCII)


async def system_resolver(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def require_public(
    host: str, *, allow: tuple[str, ...], port: int | None = None, resolve: Resolver = system_resolver
) -> None:
    """Raises `DocumentError` (`address_not_allowed`, `unreachable`) unless every address of `host` is public or the operator
    lists it in `allow` (``host`` or ``host:port``).

    For clients that connect by themselves, such as Git's: between this check and their own look-up, DNS may change its
    answer. `SafeFetcher` connects to the very address that was checked.
    """
    await vetted_addresses(host, port, allow=allow, resolve=resolve)


async def vetted_addresses(
    host: str, port: int | None, *, allow: tuple[str, ...], resolve: Resolver = system_resolver
) -> list[str]:
    """The addresses to connect to, looked up once. Raises `DocumentError` as `require_public` does."""
    name = canonical_host(host)
    literal = _literal(name)
    listed = _is_listed(name, port, allow)
    if literal is not None:
        if not listed and not is_public(literal):
            raise _refused(host)
        return [str(literal)]
    try:
        found = [_parsed(address, host) for address in await resolve(name, port or 0)]
    except (OSError, UnicodeError) as error:
        raise _unknown(host) from error
    if not found:
        raise _unknown(host)
    # One private address among public ones is refused too: which of them is used must not depend on luck.
    if not all(_may_reach(address, listed=listed) for address in found):
        raise _refused(host)
    return [str(address) for address in found]


def is_public(address: _Address) -> bool:
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _REFUSED_V4)
    if address.scope_id is not None or address not in _GLOBAL_V6 or _is_isatap(address):
        return False
    return not any(address in network for network in _REFUSED_V6)


def canonical_host(host: str) -> str:
    """Lower case, without brackets and the root's dot. Raises `DocumentError` (`address_not_allowed`) for what is no host."""
    name = host.lower().removeprefix("[").removesuffix("]").removesuffix(".")
    if ":" not in name and not _NAME.fullmatch(name):
        raise _refused(host)
    return name


def _literal(name: str) -> _Address | None:
    """The address that `name` writes out. Other spellings of IPv4 (octal, hexadecimal, short) are refused: resolvers
    disagree about what they mean."""
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        if ":" in name or _NUMBER.fullmatch(name.rpartition(".")[2]):
            raise _refused(name) from None
        return None


def _parsed(address: str, host: str) -> _Address:
    try:
        return ipaddress.ip_address(address)
    except ValueError as error:
        raise _refused(host) from error


def _may_reach(address: _Address, *, listed: bool) -> bool:
    if not listed:
        return is_public(address)
    plain = getattr(address, "ipv4_mapped", None) or address
    return not any(plain.version == network.version and plain in network for network in _NEVER_BY_NAME)


def _is_isatap(address: ipaddress.IPv6Address) -> bool:
    """RFC 5214: an interface identifier that carries any IPv4 address."""
    return (int(address) >> 32) & 0xFDFFFFFF == 0x00005EFE


def _is_listed(name: str, port: int | None, allow: tuple[str, ...]) -> bool:
    return any(_matches(entry.lower(), name, port) for entry in allow)


def _matches(entry: str, name: str, port: int | None) -> bool:
    bare = f"[{name}]" if ":" in name else name
    return entry in (name, bare) or (port is not None and entry == f"{bare}:{port}")


def _refused(host: str) -> DocumentError:
    return DocumentError(
        f"'{host[:100]}' is no public address; an operator can allow it by listing it in the setting ingest.allow_hosts",
        code="address_not_allowed",
    )


def _unknown(host: str) -> DocumentError:
    return DocumentError(f"the name '{host[:100]}' cannot be resolved: check its spelling", code="unreachable")
