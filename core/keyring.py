"""The master key and what is derived from it: keyed hashes, placeholder tags, encryption of originals.

The key comes from `COPILOT_MASTER_KEY` (base64 of 32 bytes) or from a file in the home folder that is created once, mode 600.
Whoever loses it loses the originals and every API key, so operators back it up apart from the data.
"""

from __future__ import annotations

import base64
import contextlib
import hmac
import os
import secrets
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.errors import ConfigurationError

_NONCE_BYTES = 12  # NIST SP 800-38D, section 5.2.1.1


class Keyring:
    """Keys by purpose, derived with HKDF-SHA256 (RFC 5869) from one master key."""

    def __init__(self, master: bytes) -> None:
        if len(master) != 32:
            raise ConfigurationError("the master key must be 32 bytes, base64-encoded")
        self._master = master

    @classmethod
    def open(cls, home: Path, configured: str | None) -> Keyring:
        if configured is None:
            return cls(_read_or_create(home / "master.key"))
        return cls(_decoded(configured, "setting 'master_key' (COPILOT_MASTER_KEY)"))

    @property
    def master(self) -> bytes:
        """The key itself, for whoever opens the same data at another place."""
        return self._master

    def derive(self, purpose: str) -> bytes:
        """32 bytes that only this purpose uses."""
        return HKDF(SHA256(), length=32, salt=None, info=purpose.encode()).derive(self._master)

    def digest(self, purpose: str, value: str) -> str:
        """Keyed hash in hex (HMAC-SHA256): useless to whoever reads the database without the key."""
        return hmac.new(self.derive(purpose), value.encode(), sha256).hexdigest()

    def encrypt(self, data: bytes, *, context: str) -> bytes:
        """AES-256-GCM; `context` (tenant/table/row) is authenticated, so that a row copied elsewhere does not open."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(self.derive("originals")).encrypt(nonce, data, context.encode())

    def decrypt(self, data: bytes, *, context: str) -> bytes:
        """Raises `ConfigurationError` where the key or the context is another one."""
        try:
            return AESGCM(self.derive("originals")).decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], context.encode())
        except (InvalidTag, ValueError):  # the latter where the data is cut short
            raise ConfigurationError(
                "stored data does not open with this master key", code="wrong_master_key"
            ) from None


def _read_or_create(file: Path) -> bytes:
    """Written beside its place and then linked: two processes that start together agree on one key, and none sees half of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        draft = file.with_name(f"{file.name}.{os.getpid()}-{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as out:
                out.write(base64.b64encode(os.urandom(32)))
                out.flush()
                os.fsync(out.fileno())
            with contextlib.suppress(FileExistsError):  # another process was first: its key holds
                os.link(draft, file)
        finally:
            draft.unlink()
    return _decoded(file.read_text("ascii", errors="replace").strip(), f"the key in {file}")


def _decoded(text: str, what: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:  # binascii.Error is one; text beyond ASCII raises another
        raise ConfigurationError(f"{what} is no base64") from None
