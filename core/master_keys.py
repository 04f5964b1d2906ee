"""The keys that nothing but other keys is encrypted with: the master key and, while it is being changed, the one before it.

They come from `COPILOT_MASTER_KEY` and `COPILOT_PREVIOUS_MASTER_KEY` (base64 of 32 bytes), or from files of mode 600 in the home
folder: `master.key`, which is created once, and `master.key.previous`, which is there while a rotation is under way.
"""

from __future__ import annotations

import base64
import contextlib
import hmac
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.errors import ConfigurationError

KEY_BYTES = 32
NONCE_BYTES = 12  # NIST SP 800-38D, section 5.2.1.1
FILE, PREVIOUS = "master.key", "master.key.previous"


class MasterKeys:
    """The present key first. Those of files are read anew where another process may have changed them."""

    def __init__(self, keys: Sequence[bytes], *, home: Path | None = None) -> None:
        if any(len(key) != KEY_BYTES for key in keys):
            raise ConfigurationError("the master key must be 32 bytes, base64-encoded")
        self._home = home
        self._keys = tuple(keys)

    @classmethod
    def open(cls, home: Path, configured: str | None, previous: str | None = None) -> MasterKeys:
        if configured is None:
            return cls(_from_files(home), home=home)
        given = [decoded(configured, "setting 'master_key' (COPILOT_MASTER_KEY)")]
        if previous is not None:
            given.append(decoded(previous, "setting 'previous_master_key' (COPILOT_PREVIOUS_MASTER_KEY)"))
        return cls(given)

    @property
    def oldest(self) -> bytes:
        """What an installation that wrapped nothing yet derives its secrets from."""
        return self._keys[-1]

    @property
    def present(self) -> bytes:
        return self._keys[0]

    @property
    def id(self) -> str:
        """Names the present key, without telling it."""
        return _id(self._keys[0])

    def wrap(self, key: bytes, *, context: str) -> tuple[str, bytes]:
        """The present key's id, and `key` encrypted with it (AES-256-GCM)."""
        self._reload()
        nonce = os.urandom(NONCE_BYTES)
        return self.id, nonce + _cipher(self._keys[0]).encrypt(nonce, key, context.encode())

    def unwrap(self, key_id: str, wrapped: bytes, *, context: str) -> bytes:
        """Raises `ConfigurationError` (`wrong_master_key`) where the key of that id is not here, or the context is another."""
        if key_id not in map(_id, self._keys):
            self._reload()
        for key in self._keys:
            if _id(key) == key_id:
                with contextlib.suppress(InvalidTag):
                    return _cipher(key).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], context.encode())
        raise ConfigurationError(
            f"stored keys were encrypted with master key {key_id}, which is neither the master key nor the previous one",
            code="wrong_master_key",
        )

    def renew(self) -> None:
        """Make a new master key, the present one becoming the previous; where that was begun before, nothing more is made.

        Raises `ConfigurationError` (`no_new_master_key`) where the keys are settings and no second one is set. To be called by one
        process at a time.
        """
        if self._home is None:
            if len(self._keys) < 2:
                raise ConfigurationError(
                    "set COPILOT_MASTER_KEY to a new key and COPILOT_PREVIOUS_MASTER_KEY to the present one, restart every "
                    "process, then run this again",
                    code="no_new_master_key",
                )
            return
        file, previous = self._home / FILE, self._home / PREVIOUS
        with contextlib.suppress(FileExistsError):  # a rotation that was interrupted left it
            os.link(file, previous)
        if file.read_bytes() == previous.read_bytes():
            _draft(file, os.urandom(KEY_BYTES)).replace(file)
        self._reload()

    def retire(self) -> None:
        """Forget the previous key: nothing is wrapped by it any more. One that is a setting is taken out by whoever set it."""
        if self._home is not None:
            (self._home / PREVIOUS).unlink(missing_ok=True)
            self._reload()

    def _reload(self) -> None:
        if self._home is not None:
            self._keys = _from_files(self._home)


def decoded(text: str, what: str) -> bytes:
    """Raises `ConfigurationError`, which does not repeat the text."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:  # binascii.Error is one; text beyond ASCII raises another
        raise ConfigurationError(f"{what} is no base64") from None


def _from_files(home: Path) -> tuple[bytes, ...]:
    keys = [_read_or_create(home / FILE)]
    with contextlib.suppress(FileNotFoundError):
        before = _read(home / PREVIOUS)
        keys += [before] if before != keys[0] else []
    return tuple(keys)


def _read_or_create(file: Path) -> bytes:
    """Written beside its place and then linked: two processes that start together agree on one key, and none sees half of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        draft = _draft(file, os.urandom(KEY_BYTES))
        try:
            with contextlib.suppress(FileExistsError):  # another process was first: its key holds
                os.link(draft, file)
        finally:
            draft.unlink()
    return _read(file)


def _draft(file: Path, key: bytes) -> Path:
    """On the disk, for its owner alone."""
    draft = file.with_name(f"{file.name}.{os.getpid()}-{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(base64.b64encode(key))
        out.flush()
        os.fsync(out.fileno())
    return draft


def _read(file: Path) -> bytes:
    return decoded(file.read_text("ascii", errors="replace").strip(), f"the key in {file}")


def _id(key: bytes) -> str:
    return hmac.new(key, b"master key id", "sha256").hexdigest()[:16]


def _cipher(key: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), length=KEY_BYTES, salt=None, info=b"key wrapping").derive(key))
