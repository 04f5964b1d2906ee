"""A backup opens with the master key that it was made under, and stays true to the root key when that key is changed."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from api.backup.manifest import FORMAT, Manifest, open_keyring
from core.data_keys import ROOT
from core.errors import ConfigurationError
from core.keyring import Keyring
from core.master_keys import MasterKeys


def manifest_of(keyring: Keyring) -> Manifest:
    key_id, wrapped = keyring.masters.wrap(keyring.root, context=ROOT)
    root_key = base64.b64encode(wrapped).decode()
    return Manifest(FORMAT, "1", "0016", "2026-11-22T00:00:00+00:00", key_id, root_key, 1, {})


def test_after_a_change_of_the_master_key_the_root_key_is_the_same(tmp_path: Path) -> None:
    keyring = Keyring.open(tmp_path, None)
    before = manifest_of(keyring)
    keyring.masters.renew()
    assert open_keyring(MasterKeys.open(tmp_path, None), before).root == keyring.root, (
        "both keys read during a rotation"
    )
    after = manifest_of(keyring)
    keyring.masters.retire()
    assert open_keyring(MasterKeys.open(tmp_path, None), after).root == keyring.root
    with pytest.raises(ConfigurationError) as caught:
        open_keyring(MasterKeys.open(tmp_path, None), before)
    assert caught.value.code == "wrong_master_key"


def test_another_installations_key_opens_nothing(tmp_path: Path) -> None:
    made = manifest_of(Keyring.open(tmp_path / "one", None))
    with pytest.raises(ConfigurationError) as caught:
        open_keyring(MasterKeys.open(tmp_path / "other", None), made)
    assert caught.value.code == "wrong_master_key"
