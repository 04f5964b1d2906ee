from __future__ import annotations

import base64
import multiprocessing
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigurationError
from core.keyring import Keyring

MASTER = bytes(range(32))
KEYRING = Keyring(MASTER)


def digest_in(home: Path) -> str:
    return Keyring.open(home, None).digest("test", "value")


def test_key_is_created_once_for_its_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "not" / "there" / "yet"
    first = digest_in(home)
    assert digest_in(home) == first
    assert stat.S_IMODE((home / "master.key").stat().st_mode) == 0o600
    assert [file.name for file in home.iterdir()] == ["master.key"]
    assert len(base64.b64decode((home / "master.key").read_bytes())) == 32


def test_two_homes_have_two_keys(tmp_path: Path) -> None:
    assert digest_in(tmp_path / "a") != digest_in(tmp_path / "b")


def test_threads_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    for attempt in range(20):
        home = tmp_path / str(attempt)
        gate = threading.Barrier(8)
        seen: list[object] = []

        def start(home: Path = home, gate: threading.Barrier = gate, seen: list[object] = seen) -> None:
            gate.wait()
            try:
                seen.append(digest_in(home))
            except Exception as error:
                seen.append(error)

        threads = [threading.Thread(target=start) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(seen) == 8
        assert len(set(seen)) == 1, seen


@pytest.mark.slow
def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        assert len(set(pool.map(digest_in, [tmp_path / "home"] * 16, chunksize=1))) == 1


def test_configured_key_is_used_and_nothing_is_written(tmp_path: Path) -> None:
    keyring = Keyring.open(tmp_path, base64.b64encode(MASTER).decode())
    assert keyring.digest("test", "value") == KEYRING.digest("test", "value")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("configured", ["not base64!", "ünicode", "AAA", base64.b64encode(b"short").decode(), ""])
def test_unusable_configured_key_is_refused_without_repeating_it(tmp_path: Path, configured: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Keyring.open(tmp_path, configured)
    assert not configured or configured not in caught.value.detail


@pytest.mark.parametrize("content", [b"", b"garbage!", b"\xff\xfe", base64.b64encode(b"short")])
def test_damaged_key_file_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "master.key").write_bytes(content)
    with pytest.raises(ConfigurationError):
        Keyring.open(tmp_path, None)
    assert (tmp_path / "master.key").read_bytes() == content


def test_key_file_that_an_editor_ended_with_a_newline_still_opens(tmp_path: Path) -> None:
    before = digest_in(tmp_path)
    file = tmp_path / "master.key"
    file.write_bytes(file.read_bytes() + b"\n")
    assert digest_in(tmp_path) == before


@given(st.text(max_size=20), st.text(max_size=20))
def test_each_purpose_has_its_own_key(a: str, b: str) -> None:
    assert (KEYRING.derive(a) == KEYRING.derive(b)) == (a == b)
    assert (KEYRING.digest(a, "x") == KEYRING.digest(b, "x")) == (a == b)


def test_another_master_key_derives_other_keys() -> None:
    assert Keyring(bytes(32)).derive("p") != KEYRING.derive("p")
    assert KEYRING.derive("p") == Keyring(MASTER).derive("p")


@given(st.binary(max_size=200), st.text(max_size=30))
def test_what_was_encrypted_opens_with_its_context(data: bytes, context: str) -> None:
    sealed = KEYRING.encrypt(data, context=context)
    assert KEYRING.decrypt(sealed, context=context) == data
    assert len(data) < 8 or data not in sealed


def test_same_data_never_looks_the_same() -> None:
    assert KEYRING.encrypt(b"data", context="c") != KEYRING.encrypt(b"data", context="c")


def test_other_context_other_key_and_damage_do_not_open() -> None:
    sealed = KEYRING.encrypt(b"data", context="tenant-1/originals/d")
    flipped = bytes([*sealed[:-1], sealed[-1] ^ 1])
    for keyring, data, context in (
        (KEYRING, sealed, "tenant-2/originals/d"),
        (Keyring(bytes(32)), sealed, "tenant-1/originals/d"),
        (KEYRING, flipped, "tenant-1/originals/d"),
        (KEYRING, sealed[:15], "tenant-1/originals/d"),
        (KEYRING, b"", "tenant-1/originals/d"),
    ):
        with pytest.raises(ConfigurationError) as caught:
            keyring.decrypt(data, context=context)
        assert caught.value.code == "wrong_master_key"


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_master_key_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(ConfigurationError):
        Keyring(bytes(size))
