"""How the S3 client reaches its host: only where sources may go, and never on to where an answer points.

Its libraries follow redirects and look names up by themselves: a store of somebody's own could send them into the operator's
network, and hand what it finds there out as an object.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

from aiobotocore.httpsession import AIOHTTPSession
from aiohttp import ClientResponse, ClientSession
from aiohttp.abc import AbstractResolver, ResolveResult

from core.errors import DocumentError
from ingest.sources.addresses import Resolver, system_resolver, vetted_addresses

_REDIRECTS = frozenset((300, 301, 302, 303, 305, 307, 308))


class VettedResolver(AbstractResolver):
    """Where the connection is made, so that a name that turns private after its source was opened leads nowhere."""

    def __init__(self, allow: tuple[str, ...], resolve: Resolver = system_resolver) -> None:
        self._allow = allow
        self._resolve = resolve

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises `RefusedHostError`."""
        try:
            found = await vetted_addresses(host, port, allow=self._allow, resolve=self._resolve)
        except DocumentError as error:
            raise RefusedHostError(error) from error
        return [
            ResolveResult(
                hostname=host, host=address, port=port, family=_family(address), proto=0, flags=socket.AI_NUMERICHOST
            )
            for address in found
        ]

    async def close(self) -> None:
        """Nothing is held open."""


class StraightSession(AIOHTTPSession):  # type: ignore[misc]  # the vendor's class has no types
    """Follows no redirect. `RefusedHostError` for every one: left to themselves the libraries answer some by asking again, until
    the stack is full."""

    lets_through = False

    async def _get_session(self, proxy_url: str | None) -> _Straight:
        return _Straight(await super()._get_session(proxy_url), lets_through=self.lets_through)


class AmazonSession(StraightSession):
    """For Amazon's own hosts, where a redirect without an address names the bucket's region: the libraries know what to do."""

    lets_through = True


class _Straight:
    def __init__(self, session: ClientSession, *, lets_through: bool) -> None:
        self._session = session
        self._lets_through = lets_through

    async def request(self, method: str, **arguments: Any) -> ClientResponse:
        answer = await self._session.request(method, allow_redirects=False, **arguments)
        if answer.status in _REDIRECTS and not (self._lets_through and "location" not in answer.headers):
            answer.close()
            raise RefusedHostError(
                DocumentError(
                    "the store points to another address; redirects are not followed: set 'endpoint_url' to the store's own",
                    code="redirected",
                )
            )
        return answer


class RefusedHostError(OSError):
    """The only kind that the client's libraries hand through; `problem` is what there is to tell."""

    def __init__(self, problem: DocumentError) -> None:
        super().__init__(problem.code)
        self.problem = problem


def refusal(fault: BaseException | None) -> DocumentError | None:
    """The problem that the libraries wrapped, if it was one of ours."""
    while fault is not None and not isinstance(fault, RefusedHostError):
        fault = fault.__cause__ or fault.__context__
    return fault.problem if fault is not None else None


def _family(address: str) -> int:
    return socket.AF_INET6 if ipaddress.ip_address(address).version == 6 else socket.AF_INET
