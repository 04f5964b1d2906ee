"""What a document states about itself: front matter, and the rules of its folder, read into `Metadata`.

Documents come from many houses, so a key or value that is not ours is ignored with a warning. The audience alone is
read with suspicion: where folder and file disagree the narrower holds, and whatever sounds internal is for agents.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

import yaml

from core.domain import Audience, DocType, Metadata
from core.errors import DocumentError, InvalidRequestError
from core.versions import version_range
from ingest.formats.elements import collapse

RULES_FILE = "_meta.yaml"

Values = Mapping[str, object]
"""Metadata keys (corpora/README.md lists them) and what is stated for each, as it came."""

_AGENT_WORDS = (
    "agent",
    "agents",
    "internal",
    "internally",
    "confidential",
    "staff",
    "employee",
    "employees",
    "private",
    "restricted",
    "secret",
    "support",
    "supporter",
    "vendor",
    "sensitive",
    "not",
    "non",
    "nonpublic",
    "unpublished",
)
_PARTNER_WORDS = frozenset(("partner", "partners", "reseller", "resellers"))
_LONGEST = {"title": 300, "url": 2000, "supersedes": 1000}
_LONGEST_VALUE = 200


def load_rules(folder: Path) -> dict[str, Values]:
    """The `_meta.yaml` of `folder`: file name or glob → keys; empty where there is none.

    Raises `DocumentError` (`invalid_rules`) where it cannot be read: the files that it governs may be confidential.
    """
    try:
        loaded = yaml.load((folder / RULES_FILE).read_text("utf-8-sig"), Loader=yaml.BaseLoader)  # noqa: S506 - plain strings
    except FileNotFoundError:
        return {}
    except (yaml.YAMLError, UnicodeDecodeError, OSError, RecursionError) as error:
        raise _bad_rules() from error
    if loaded is None or loaded == "":
        return {}
    if not isinstance(loaded, dict) or not all(isinstance(v, dict) and isinstance(k, str) for k, v in loaded.items()):
        raise _bad_rules()
    return loaded


def _bad_rules() -> DocumentError:
    return DocumentError(
        f"the folder's {RULES_FILE} cannot be read: it maps file names or globs to metadata keys", code="invalid_rules"
    )


def rules_for(rules: Mapping[str, Values], name: str) -> dict[str, object]:
    """The keys that apply to the file `name`: every matching glob, later ones first; its exact name above all."""
    base = PurePosixPath(name).name
    stated: dict[str, object] = {}
    for pattern, values in rules.items():
        if pattern != base and fnmatchcase(base, pattern):
            stated.update(values)
    stated.update(rules.get(base, {}))
    return stated


def read_metadata(
    front_matter: Values, rules: Values, *, name: str, title: str, default: Metadata | None = None
) -> tuple[Metadata, tuple[str, ...]]:
    """Metadata of the document `name`, and warnings for an admin.

    Front matter goes before rules, rules before `default`. `title` is what the content calls itself; it is used where
    nobody states one, and the file's name where it is empty. Never raises for a value: one that cannot be used leaves the
    default, and a warning.
    """
    reader = _Reader(front_matter, rules)
    base = default or Metadata()
    doc_type = reader.doc_type() or base.doc_type
    metadata = replace(
        base,
        title=reader.text("title") or collapse(title)[: _LONGEST["title"]] or base.title or _from_name(name),
        doc_type=doc_type,
        audience=reader.audience(Audience.AGENT if doc_type is DocType.CONFIG_RECORD else base.audience),
        product=reader.text("product") or base.product,
        versions=reader.versions() or base.versions,
        module=reader.text("module") or base.module,
        region=reader.text("region") or base.region,
        customer=reader.text("customer") or base.customer,
        owner=reader.text("owner") or base.owner,
        effective_from=reader.date("effective_from") or base.effective_from,
        effective_to=reader.date("effective_to") or base.effective_to,
        review_by=reader.date("review_by") or base.review_by,
        supersedes=reader.text("supersedes") or base.supersedes,
        url=reader.url() or base.url,
    )
    if metadata.effective_from and metadata.effective_to and metadata.effective_to < metadata.effective_from:
        reader.warnings.append("effective_to lies before effective_from and is ignored")
        metadata = replace(metadata, effective_to=None)
    return metadata, tuple(reader.warnings)


def _from_name(name: str) -> str:
    return re.sub(r"[-_\s]+", " ", PurePosixPath(name).stem).strip() or name


class _Reader:
    """One document's stated values; collects a warning for each that cannot be used."""

    def __init__(self, front_matter: Values, rules: Values) -> None:
        self._stated = ({_key(k): v for k, v in front_matter.items()}, {_key(k): v for k, v in rules.items()})
        self.warnings: list[str] = []

    def _candidates(self, key: str) -> list[object]:
        """What front matter and then rules say for `key`; an empty value is no statement."""
        return [stated[key] for stated in self._stated if stated.get(key) not in (None, "", [], {})]

    def _ignored(self, key: str, remedy: str) -> None:
        self.warnings.append(f"the value of '{key}' is not usable and is ignored: {remedy}")

    def text(self, key: str) -> str | None:
        for value in self._candidates(key):
            if text := _as_text(value):
                return text[: _LONGEST.get(key, _LONGEST_VALUE)]
            self._ignored(key, "write it as one line of text")
        return None

    def url(self) -> str | None:
        url = self.text("url")
        if url and not re.match(r"https?://[^\s<>\"]+$", url):
            self._ignored("url", "write a full http or https address")
            return None
        return url

    def doc_type(self) -> DocType | None:
        for value in self._candidates("doc_type"):
            wanted = re.sub(r"[\s-]+", "_", _as_text(value).casefold())
            for doc_type in DocType:
                if wanted in (doc_type.value, doc_type.value + "s"):
                    return doc_type
            self._ignored("doc_type", "one of " + ", ".join(DocType))
        return None

    def versions(self) -> str | None:
        for value in self._candidates("versions"):
            text = _as_text(value, joiner=" ")
            try:
                version_range(text)
            except InvalidRequestError:
                self._ignored("versions", "write a range such as '>=7.2 <8.0', or one version")
            else:
                return text
        return None

    def date(self, key: str) -> date | None:
        for value in self._candidates(key):
            found = _as_date(value)
            if found:
                return found
            self._ignored(key, "write a date as 2026-12-31")
        return None

    def audience(self, default: Audience) -> Audience:
        """The narrowest audience that is stated; `default` where nothing usable is."""
        found = [audience for value in self._candidates("audience") if (audience := _audience(value, default))]
        if len(found) < len(self._candidates("audience")):
            self._ignored("audience", "one of " + ", ".join(Audience))
        if len(set(found)) > 1:
            self.warnings.append("front matter and folder rules state different audiences: the narrower one holds")
        return _narrowest(found) if found else default


def _key(key: object) -> str:
    return re.sub(r"[\s-]+", "_", str(key).strip().casefold())


def _as_text(value: object, joiner: str = ", ") -> str:
    """A scalar, or a list of them, on one line; an empty string for anything else."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, str | int | float):
        return collapse(str(value))
    if isinstance(value, list | tuple) and all(isinstance(item, str | int | float) for item in value):
        return joiner.join(collapse(str(item)) for item in value)
    return ""


def _as_date(value: object) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return datetime.fromisoformat(_as_text(value)).date()
    except ValueError:
        return None


def _narrowest(audiences: list[Audience]) -> Audience:
    return max(audiences, key=lambda audience: len(audience.readable()))


def _audience(value: object, default: Audience) -> Audience | None:
    """One stated audience. A list of ours names everyone who may read: its widest. Near misses narrow, never widen."""
    named = [_as_text(item).casefold() for item in (value if isinstance(value, list | tuple) else [value])]
    ours = [Audience(name) for name in named if name in set(Audience)]
    if len(ours) == len(named):
        return min(ours, key=lambda audience: len(audience.readable()))
    words = [word for name in named for word in re.findall(r"[a-z]+", name)]
    if any(difflib.get_close_matches(word, _AGENT_WORDS, n=1, cutoff=0.8) for word in words):
        return Audience.AGENT
    if _PARTNER_WORDS.intersection(words):
        return _narrowest([Audience.PARTNER, default])
    return None
