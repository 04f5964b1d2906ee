"""Which hosts a fetch may go to: public ones, and those that the operator lists."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from internet import PUBLIC, names, never

from core.errors import DocumentError
from core.settings import load_settings
from ingest.sources.addresses import is_public
from ingest.sources.http import require_public

REFUSED_LITERALS = [
    # IPv4 as everybody writes it
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "169.254.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "127.0.0.1.",
    # IPv4 as resolvers of old read it: decimal, octal, hexadecimal, short
    "2130706433",
    "0x7f000001",
    "017700000001",
    "0177.0.0.1",
    "0x7f.0.0.1",
    "0x7f.1",
    "127.1",
    "127.0.1",
    "10.1",
    "1",
    "0",
    "0x",
    "3232235777",
    "127.0.0.01",
    "2852039166",
    "134744072",
    "256.256.256.256",
    "1.2.3.4.5",
    # IPv6
    "::1",
    "[::1]",
    "::",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "fe80::1",
    "fe80::1%eth0",
    "2606:2800:220:1::1%eth0",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "2001:db8::1",
    "2001::7f00:1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::8.8.8.8",
    "64:ff9b:1::a00:1",
    "2606:2800:220:1:0:5efe:10.0.0.1",
    "3fff::1",
    "100::1",
    "::1%25lo",
    "[::ffff:127.0.0.1",
    # no hosts at all
    "",
    ".",
    "a..b",
    "ex%61mple.com",
    "127.0.0.1\\@example.com",
    "exa mple.com",
    "①②⑦.⓪.⓪.①",
    "a" * 254,
    "-start.example",
]

REFUSED_ANSWERS = [
    ["127.0.0.1"],
    ["10.1.2.3"],
    ["169.254.169.254"],
    ["::1"],
    ["fd12:3456::1"],
    ["::ffff:192.168.0.1"],
    ["64:ff9b::a9fe:a9fe"],
    ["2002:a00:1::"],
    [PUBLIC, "127.0.0.1"],
    ["2606:2800:220:1::1", "fe80::1"],
    ["no address"],
]


@pytest.mark.parametrize("host", REFUSED_LITERALS)
async def test_addresses_that_are_not_public_are_refused_without_a_look_up(host: str) -> None:
    with pytest.raises(DocumentError) as caught:
        await require_public(host, allow=(), resolve=never)
    assert caught.value.code == "address_not_allowed"
    assert "allow_hosts" in caught.value.detail


@pytest.mark.parametrize("answers", REFUSED_ANSWERS, ids=str)
async def test_names_that_lead_to_private_addresses_are_refused(answers: list[str]) -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return answers

    with pytest.raises(DocumentError) as caught:
        await require_public("docs.example.com", allow=(), resolve=resolve)
    assert caught.value.code == "address_not_allowed"


@pytest.mark.parametrize("host", [PUBLIC, "8.8.8.8", "2606:2800:220:1::1", "[2606:2800:220:1::1]", "docs.example.com."])
async def test_public_addresses_and_names_pass(host: str) -> None:
    await require_public(host, allow=(), resolve=names(docs=PUBLIC))


async def test_unknown_name_is_unreachable_not_forbidden() -> None:
    with pytest.raises(DocumentError) as caught:
        await require_public("nowhere.example", allow=(), resolve=names())
    assert caught.value.code == "unreachable"


@given(st.ip_addresses())
def test_nothing_passes_that_python_holds_for_private(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    if is_public(address):
        assert address.is_global and not address.is_multicast and not address.is_link_local


async def test_operator_may_list_a_host_or_one_port_of_it() -> None:
    for entry, host, port, passes in (
        ("127.0.0.1", "127.0.0.1", 80, True),
        ("127.0.0.1:8080", "127.0.0.1", 8080, True),
        ("127.0.0.1:8080", "127.0.0.1", 80, False),
        ("127.0.0.1:8080", "127.0.0.1", None, False),
        ("WIKI.corp.example", "wiki.corp.example", None, True),
        ("wiki.corp.example", "other.corp.example", None, False),
        ("[::1]:8080", "::1", 8080, True),
        ("127.0.0.1", "2130706433", 80, False),
    ):
        try:
            await require_public(host, allow=(entry,), port=port, resolve=names(wiki="10.0.0.7", other="10.0.0.7"))
            passed = True
        except DocumentError:
            passed = False
        assert passed is passes, (entry, host, port)


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "fe80::1", "0.0.0.0", "fd00:ec2::254", "::ffff:169.254.169.254"]
)
async def test_listed_name_may_be_private_but_never_metadata(address: str) -> None:
    with pytest.raises(DocumentError):
        await require_public("wiki.corp.example", allow=("wiki.corp.example",), resolve=names(wiki=address))


def test_listed_hosts_come_from_the_environment(tmp_path: Path) -> None:
    settings = load_settings({"COPILOT_HOME": str(tmp_path), "COPILOT_INGEST__ALLOW_HOSTS": "wiki.corp:8080, [::1]:9"})
    assert settings.ingest.allow_hosts == ("wiki.corp:8080", "[::1]:9")
