"""What names a Git repository, and what does not."""

from __future__ import annotations

import pytest

from core.errors import InvalidRequestError
from ingest.sources.git import KIND

ADDRESSES = {
    "https://git.example.com/docs/handbook.git": "https://git.example.com/docs/handbook.git",
    "git@git.example.com:docs/handbook.git": "ssh://git@git.example.com/docs/handbook.git",
    "ssh://git@git.example.com:2222/docs": "ssh://git@git.example.com:2222/docs",
    "file:///srv/handbook": "/srv/handbook",
}
NO_ADDRESSES = [
    "ext::sh -c touch",
    "ext::sh%20-c%20touch",
    "fd::3",
    "git://host/x",
    "file://host/x",
    "ssh://-oProxyCommand=x/y",
    "git@-oProxyCommand=x:y",
    "ftp://host/x",
    "https://host",
    "relative/folder",
    "https://host/x?token=1",
    "https://host:99999/x",
    "https://host/x\ny",
    "",
]


@pytest.mark.parametrize("uri", ADDRESSES)
def test_addresses_have_one_form(uri: str) -> None:
    assert KIND.canonical(uri) == ADDRESSES[uri]


@pytest.mark.parametrize("uri", NO_ADDRESSES)
def test_what_is_no_address_is_refused(uri: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        KIND.canonical(uri)
    assert caught.value.code == "invalid_uri"


def test_an_address_holds_no_password() -> None:
    for uri in ("https://me:token@host/x.git", "https://token@host/x.git", "ssh://git:pw@host/x"):
        with pytest.raises(InvalidRequestError) as caught:
            KIND.canonical(uri)
        assert (caught.value.code, "token" in caught.value.detail) == ("credentials_in_uri", False)


@pytest.mark.parametrize("folder", ["..", "docs/../..", "/etc", "docs//x", "a\nb"])
def test_a_folder_that_leads_out_is_refused(folder: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        KIND.configured({"folder": folder})
    assert caught.value.code == "invalid_config"


@pytest.mark.parametrize("branch", ["--upload-pack=x", "a..b", "a b", "x.lock", "a:b", "", "*", "/a", "a\x00"])
def test_what_is_no_name_of_a_branch_is_refused(branch: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        KIND.configured({"branch": branch})
    assert caught.value.code == "invalid_config"
