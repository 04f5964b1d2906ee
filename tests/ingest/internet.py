"""A network for the safe fetcher: names that lead where a test says, and a public internet on loopback."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Sequence

import httpcore

from ingest.sources.addresses import Resolver
from tests.servers.site import WebSite

PUBLIC = "93.184.216.34"
OTHER = "151.101.1.69"


def names(**answers: str | list[str]) -> Resolver:
    """A resolver that knows hosts by their first label; a list is what several looks-up give, one after the other."""
    left = {name: iter([a] if isinstance(a, str) else a) for name, a in answers.items()}

    async def resolve(host: str, port: int) -> Sequence[str]:
        label = host.partition(".")[0]
        if label not in left:
            raise socket.gaierror(-2, "unknown")
        return [next(left[label])]

    return resolve


async def never(host: str, port: int) -> Sequence[str]:
    raise AssertionError(f"{host} needs no look-up")


class Internet(httpcore.AsyncNetworkBackend):
    """Stands for the public network: an address leads to the site that the test put there. Notes every connection."""

    def __init__(self, **sites: WebSite) -> None:
        self.sites = {PUBLIC: sites.get("public"), OTHER: sites.get("other")}
        self.connected: list[str] = []
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.connected.append(host)
        site = self.sites.get(host)
        if site is None:
            raise httpcore.ConnectError("nobody there")
        return await self._network.connect_tcp("127.0.0.1", site.port, timeout)
