"""What is derived from the installation's root key: keyed hashes, placeholder tags, encryption of originals.

The root key is the first master key that the installation had. It stays when the master key is changed, wrapped in the database by
the new one (`core.data_keys`): API keys, tags and the audit's chain go on as they were. Whoever loses the master key loses the
originals, the vault and every API key, so operators back it up apart from the data.
"""

from __future__ import annotations

import hmac
import os
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.errors import ConfigurationError
from core.master_keys import NONCE_BYTES, MasterKeys


class Keyring:
    """Keys by purpose, derived with HKDF-SHA256 (RFC 5869) from one root key; `masters` wrap what is stored of keys."""

    def __init__(self, master: bytes, *, masters: MasterKeys | None = None) -> None:
        self.masters = masters or MasterKeys([master])
        self._root = master

    @classmethod
    def open(cls, home: Path, configured: str | None, previous: str | None = None) -> Keyring:
        """As an installation's first process sees it; `core.data_keys.unlock` tells it the root key of one that is older."""
        masters = MasterKeys.open(home, configured, previous)
        return cls(masters.oldest, masters=masters)

    @property
    def root(self) -> bytes:
        return self._root

    def rooted(self, root: bytes) -> Keyring:
        """The same master keys over this root key."""
        return Keyring(root, masters=self.masters)

    def derive(self, purpose: str) -> bytes:
        """32 bytes that only this purpose uses."""
        return HKDF(SHA256(), length=32, salt=None, info=purpose.encode()).derive(self._root)

    def digest(self, purpose: str, value: str) -> str:
        """Keyed hash in hex (HMAC-SHA256): useless to whoever reads the database without the key."""
        return hmac.new(self.derive(purpose), value.encode(), sha256).hexdigest()

    def encrypt(self, data: bytes, *, context: str) -> bytes:
        """AES-256-GCM; `context` (tenant/table/row) is authenticated, so that a row copied elsewhere does not open."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + AESGCM(self.derive("originals")).encrypt(nonce, data, context.encode())

    def decrypt(self, data: bytes, *, context: str) -> bytes:
        """Raises `ConfigurationError` where the key or the context is another one."""
        try:
            return AESGCM(self.derive("originals")).decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], context.encode())
        except (InvalidTag, ValueError):  # the latter where the data is cut short
            raise ConfigurationError(
                "stored data does not open with this master key", code="wrong_master_key"
            ) from None
