"""What every kind of source agrees on: which paths are documents, which names are safe, what a folder states of its files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from core.errors import DocumentError
from ingest.metadata import RULES_FILE, Values, parse_rules, rules_for
from ingest.sources.base import SourceLimits, SourceRefusedError

NOT_DOCUMENTS = frozenset((RULES_FILE, "corpus.yaml", "golden.jsonl"))
_LFS_POINTER = b"version https://git-lfs.github.com/spec/v"
_LONGEST_LFS_POINTER = 1024
"""Bytes: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md."""
_LONGEST_PATH = 1000
"""What the database keeps of a path."""


def is_document(path: str) -> bool:
    """Hidden files and folders, `_meta.yaml`, `corpus.yaml` and `golden.jsonl` are no documents."""
    *folders, name = path.split("/")
    return name not in NOT_DOCUMENTS and not any(_is_hidden(part) for part in (*folders, name))


def _is_hidden(part: str) -> bool:
    # '.' and '..' are no hidden files but steps, which whoever lists them must hear about.
    return part.startswith(".") and part not in (".", "..")


def name_problem(path: str) -> DocumentError | None:
    """Why `path` cannot name a document: an absolute path, a step upwards, no text, a control character (`invalid_name`)."""
    if any(part in ("", ".", "..") for part in path.split("/")) or path[1:3] == ":/":
        return _invalid("the name is no relative path without steps upwards")
    if len(path) > _LONGEST_PATH:
        return _invalid(f"the path is longer than {_LONGEST_PATH} characters")
    if not path.isprintable():  # control characters, and bytes that are no UTF-8 (surrogates)
        return _invalid("the name is no UTF-8 text or holds control characters")
    return None


def _invalid(what: str) -> DocumentError:
    return DocumentError(f"{what}; rename the file", code="invalid_name")


def shown(path: str) -> str:
    """`path` as a report may hold it, whatever its bytes: text, on one line."""
    text = path.encode("utf-8", "replace").decode()
    return "".join(character if character.isprintable() else "\ufffd" for character in text)[:_LONGEST_PATH]


def own_bytes(data: bytes) -> bytes:
    """`data`, unless it only says where Git LFS keeps the file's. Raises `DocumentError` (`lfs_pointer`)."""
    if len(data) < _LONGEST_LFS_POINTER and data.startswith(_LFS_POINTER):
        raise DocumentError(
            "the file's bytes lie in Git LFS, which is not read: keep the document in the repository itself, or take it from "
            "a folder or a bucket",
            code="lfs_pointer",
        )
    return data


def too_many(limits: SourceLimits) -> SourceRefusedError:
    return SourceRefusedError(
        f"the source lists more than {limits.max_items:,} items (COPILOT_SOURCES__MAX_ITEMS): name a sub-folder",
        code="too_many_items",
    )


@dataclass(frozen=True, slots=True)
class FolderRules:
    """What the `_meta.yaml` of each folder states; of one that cannot be read, its problem, which all its files share."""

    rules: Mapping[str, Mapping[str, Values]]
    problems: Mapping[str, DocumentError]

    @classmethod
    def of(cls, files: Iterable[tuple[str, bytes]]) -> FolderRules:
        """From the paths and bytes of the `_meta.yaml` files."""
        rules: dict[str, Mapping[str, Values]] = {}
        problems: dict[str, DocumentError] = {}
        for path, data in files:
            folder = folder_of(path)
            try:
                rules[folder] = parse_rules(data)
            except DocumentError as problem:
                problems[folder] = problem
        return cls(rules, problems)

    def stated(self, path: str) -> dict[str, object]:
        return rules_for(self.rules.get(folder_of(path), {}), path)

    def problem(self, path: str) -> DocumentError | None:
        return self.problems.get(folder_of(path))


def folder_of(path: str) -> str:
    return str(PurePosixPath(path).parent)


def is_rules(path: str) -> bool:
    """A `_meta.yaml` of a folder that is not hidden."""
    return PurePosixPath(path).name == RULES_FILE and is_document(f"{path}.md")
