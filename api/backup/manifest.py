"""What a backup says of itself: its format, its files with their sums, and the root key, wrapped by the master key."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from core.data_keys import ROOT
from core.errors import ConfigurationError, InvalidRequestError
from core.keyring import Keyring
from core.master_keys import MasterKeys
from core.settings import Settings

FORMAT = 1
MANIFEST = "manifest.json"
SQLITE, POSTGRES, ANCHORS, ERASURES = "copilot.db", "copilot.dump", "audit-anchors.jsonl", "erasures.jsonl"
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class FileSum:
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """`root_key` (base64) opens with the master key that `key_id` names, and tells nothing without it. `schema` is the database's
    revision, `at` the moment before the snapshot (ISO 8601)."""

    format: int
    version: str
    schema: str
    at: str
    key_id: str
    root_key: str
    tenants: int
    files: Mapping[str, FileSum]

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.at)

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files.values())


def open_masters(settings: Settings) -> MasterKeys:
    """The keys that are there; none is made. Raises `ConfigurationError` (`master_key_missing`)."""
    if settings.master_key is None and not (settings.home / "master.key").exists():
        raise ConfigurationError(
            f"there is no master key: set COPILOT_MASTER_KEY, or put the file master.key into {settings.home}",
            code="master_key_missing",
        )
    keys = (settings.master_key, settings.previous_master_key)
    return MasterKeys.open(settings.home, *(key.get_secret_value() if key else None for key in keys))


def open_keyring(masters: MasterKeys, manifest: Manifest) -> Keyring:
    """Over the root key that the backup was made under. Raises `ConfigurationError` (`wrong_master_key`)."""
    return Keyring(masters.unwrap(manifest.key_id, base64.b64decode(manifest.root_key), context=ROOT), masters=masters)


def sum_of(file: Path) -> FileSum:
    digest, size = sha256(), 0
    with file.open("rb") as read:
        while block := read.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return FileSum(size, digest.hexdigest())


def write(folder: Path, manifest: Manifest) -> None:
    (folder / MANIFEST).write_text(json.dumps(asdict(manifest), indent=1) + "\n", "utf-8")


def read(folder: Path) -> Manifest:
    """Raises `InvalidRequestError` (`no_backup`, `unsupported_backup`)."""
    try:
        said = json.loads((folder / MANIFEST).read_text("utf-8"))
        found = int(said["format"])
    except (OSError, ValueError, KeyError, TypeError):
        raise InvalidRequestError(
            f"{folder} holds no whole backup: its manifest is missing", code="no_backup"
        ) from None
    if found != FORMAT:
        raise InvalidRequestError(
            f"this backup has format {found}, and this version reads format {FORMAT}; restore it with the version that "
            f"made it ({said.get('version', 'unknown')})",
            code="unsupported_backup",
        )
    files = {name: FileSum(**file) for name, file in said.pop("files").items()}
    return Manifest(**said, files=files)


def require_whole(folder: Path, manifest: Manifest) -> None:
    """Raises `InvalidRequestError` (`backup_damaged`) naming the first file that is not as it was written."""
    for name, wanted in manifest.files.items():
        file = folder / name
        if Path(name).name != name or not file.is_file() or sum_of(file) != wanted:
            raise InvalidRequestError(
                f"the backup's file {name} is not as it was written; take another backup", code="backup_damaged"
            )
