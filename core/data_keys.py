"""Keys that are stored, wrapped by the master key: the installation's root key, and one for each tenant's vault.

An envelope: what a tenant's key encrypts is never written again when the master key is changed, and all of it is lost at once when
the tenant's key is dropped. Nothing is cached: a key that was dropped is gone in every process, with the next transaction.
"""

from __future__ import annotations

import hmac
import os
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import delete, select, update

from core.audit import OPERATOR, record
from core.crossings import NO_TENANT, Crossing
from core.database import Database, ReadSession, WriteSession, insert_new, wait_turn
from core.errors import ConfigurationError
from core.keyring import Keyring
from core.master_keys import KEY_BYTES, NONCE_BYTES
from core.models import AuditRow, DataKeyRow, RootKey, now

ROOT = "root"


@dataclass(frozen=True, slots=True)
class DataKey:
    """One tenant's key, for the transaction that read it."""

    _cipher: AESGCM = field(repr=False)
    _hashing: bytes = field(repr=False)

    @classmethod
    def of(cls, secret: bytes) -> DataKey:
        return cls(AESGCM(_derived(secret, b"seal")), _derived(secret, b"digest"))

    def seal(self, data: bytes, *, context: str) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, data, context.encode())

    def open(self, data: bytes, *, context: str) -> bytes:
        """Raises `ConfigurationError` (`wrong_data_key`) for what was sealed with another key, or for another row."""
        try:
            return self._cipher.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], context.encode())
        except (InvalidTag, ValueError):
            raise ConfigurationError("stored data does not open with its tenant's key", code="wrong_data_key") from None

    def digest(self, purpose: str, value: str) -> str:
        """32 characters of hex (HMAC-SHA256): without the key nobody can try values."""
        said = f"{purpose}\n{value}".encode("utf-8", "surrogatepass")
        return hmac.new(self._hashing, said, "sha256").hexdigest()[:32]


async def unlock(database: Database, keyring: Keyring) -> Keyring:
    """With the root key that the database holds, which is stored the first time.

    Raises `ConfigurationError` (`wrong_master_key`) where neither master key wrapped it, or, before it is stored, where the audit
    that is there was chained under another: a mistyped key must not become the root.
    """
    async with database.read(NO_TENANT) as session:
        row = await session.get(RootKey, ROOT)
    if row is None:
        await _require_own_audit(database)
        async with database.write(NO_TENANT) as session:
            key_id, wrapped = keyring.masters.wrap(keyring.root, context=ROOT)
            values = {"id": ROOT, "key_id": key_id, "wrapped": wrapped, "created_at": now()}
            await insert_new(session, RootKey, [values])
            row = (await session.scalars(select(RootKey).where(RootKey.id == ROOT))).one()
    return keyring.rooted(keyring.masters.unwrap(row.key_id, row.wrapped, context=ROOT))


async def _require_own_audit(database: Database) -> None:
    async with database.read(Crossing.ANCHORS) as session:
        row = await session.scalar(select(AuditRow).order_by(AuditRow.id.desc()).limit(1))
    if row is not None and database.trail is not None and database.trail.digest(row) != row.hash:
        raise ConfigurationError(
            "this data was written under another master key; set that one", code="wrong_master_key"
        )


async def find_key(session: ReadSession | WriteSession, keyring: Keyring, tenant_id: str) -> DataKey | None:
    """None where the tenant has none, or none any more."""
    query = select(DataKeyRow.key_id, DataKeyRow.wrapped).where(DataKeyRow.tenant_id == tenant_id)
    row = (await session.execute(query)).first()
    return None if row is None else DataKey.of(keyring.masters.unwrap(row[0], row[1], context=_context(tenant_id)))


async def ensure_key(session: WriteSession, keyring: Keyring, tenant_id: str) -> DataKey:
    """The tenant's key, made with the first thing that is sealed with it."""
    found = await find_key(session, keyring, tenant_id)
    if found is not None:
        return found
    key_id, wrapped = keyring.masters.wrap(os.urandom(KEY_BYTES), context=_context(tenant_id))
    values = {"tenant_id": tenant_id, "key_id": key_id, "wrapped": wrapped, "created_at": now()}
    # Another process may make one at this moment: the first holds.
    await insert_new(session, DataKeyRow, [values])
    made = await find_key(session, keyring, tenant_id)
    assert made is not None
    return made


async def drop_key(session: WriteSession, tenant_id: str) -> None:
    """What it sealed can never be opened again, wherever it lies (crypto-shredding)."""
    await session.execute(delete(DataKeyRow).where(DataKeyRow.tenant_id == tenant_id))


@dataclass(frozen=True, slots=True)
class Rotated:
    """`key_id` names the master key that wraps everything now; `rewrapped` counts the keys that this run wrapped anew."""

    key_id: str
    rewrapped: int


async def rotate(database: Database, keyring: Keyring) -> Rotated:
    """Change the master key: make a new one (or take the one that is set), wrap every key with it, forget the old one.

    One key a transaction; all are readable throughout. Interrupted, the same call goes on where it stopped.
    """
    async with database.write(NO_TENANT) as session:
        await _alone(session)
        keyring.masters.renew()
        count = await _rewrap_root(session, keyring)
    async with database.read(Crossing.KEYS) as session:
        stale = DataKeyRow.key_id != keyring.masters.id
        tenants = list(await session.scalars(select(DataKeyRow.tenant_id).where(stale)))
    for tenant_id in tenants:
        count += await _rewrap(database, keyring, tenant_id)
    async with database.write(NO_TENANT) as session:
        await _alone(session)
        if not await _any_left(database, keyring):
            keyring.masters.retire()
    return Rotated(keyring.masters.id, count)


async def _alone(session: WriteSession) -> None:
    """With SQLite's write lock, which a transaction takes as it begins, or PostgreSQL's: two rotations would make two new keys."""
    await session.connection()
    await wait_turn(session, "keys/rotate")


async def _rewrap_root(session: WriteSession, keyring: Keyring) -> int:
    key_id, wrapped = keyring.masters.wrap(keyring.root, context=ROOT)
    changed = await session.execute(
        update(RootKey)
        .where(RootKey.id == ROOT, RootKey.key_id != key_id)
        .values(key_id=key_id, wrapped=wrapped)
        .returning(RootKey.id)
    )
    return len(changed.all())


async def _rewrap(database: Database, keyring: Keyring, tenant_id: str) -> int:
    async with database.write(tenant_id) as session:
        row = await session.get(DataKeyRow, tenant_id, with_for_update=True)
        if row is None or row.key_id == keyring.masters.id:
            return 0
        secret = keyring.masters.unwrap(row.key_id, row.wrapped, context=_context(tenant_id))
        row.key_id, row.wrapped = keyring.masters.wrap(secret, context=_context(tenant_id))
        record(session, tenant_id, actor=OPERATOR, action="vault.rotate", target=row.key_id)
    return 1


async def _any_left(database: Database, keyring: Keyring) -> bool:
    """Also keys that a process made with the old master key meanwhile."""
    async with database.read(Crossing.KEYS) as session:
        stale = select(DataKeyRow.tenant_id).where(DataKeyRow.key_id != keyring.masters.id).limit(1)
        return await session.scalar(stale) is not None


def _context(tenant_id: str) -> str:
    return f"{tenant_id}/data_keys"


def _derived(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(secret)
