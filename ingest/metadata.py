"""What a document states about itself: front matter, and the rules of its folder, read into `Metadata`.

Documents come from many houses, so a key or value that is not ours is ignored with a warning. The audience alone is
read with suspicion: where folder and file disagree the narrower holds, and whatever sounds internal is for agents.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from fnmatch import fnmatchcase
from itertools import islice
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
_NARROWING = ("visibility", "classification", "confidentiality", "sensitivity", "access")
"""Keys of other houses for who may read a document: heeded where they sound internal, and never to widen."""

_KEYS = (*Metadata.__dataclass_fields__,)
_MOST_KEYS = 100
_EARLIEST, _LATEST = date(1970, 1, 1), date(2200, 1, 1)
_PARTNER_WORDS = frozenset(("partner", "partners", "reseller", "resellers"))
_LONGEST = {"title": 300, "url": 2000, "supersedes": 1000}
_LONGEST_VALUE = 200
_BOOLS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def load_rules(folder: Path) -> dict[str, Values]:
    """The `_meta.yaml` of `folder`: file name or glob → keys; empty where there is none.

    Raises `DocumentError` (`invalid_rules`) where it cannot be read: the files that it governs may be confidential.
    """
    try:
        return parse_rules((folder / RULES_FILE).read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _bad_rules() from error


def parse_rules(data: bytes) -> dict[str, Values]:
    """The rules that the bytes of a `_meta.yaml` hold. Raises `DocumentError` (`invalid_rules`)."""
    try:
        loaded = yaml.load(data.decode("utf-8-sig"), Loader=yaml.BaseLoader)  # noqa: S506 - plain strings
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
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


def combined(outer: Values, inner: Values) -> dict[str, object]:
    """Two sets of rules for one document: the inner ones go before the outer ones, but for an audience that would be wider, and an
    authority that the outer ones deny."""
    stated = {**outer, **inner}
    if outer.get("audience") and inner.get("audience"):
        base = _audience(outer["audience"], Audience.AGENT) or Audience.AGENT
        stated["audience"] = _narrowest([base, _audience(inner["audience"], base) or base]).value
    if _BOOLS.get(_as_text(outer.get("authoritative")).casefold()) is False:
        stated["authoritative"] = outer["authoritative"]
    return stated


def read_metadata(
    front_matter: Values,
    rules: Values,
    *,
    name: str,
    title: str,
    default: Metadata | None = None,
    properties: Values | None = None,
) -> tuple[Metadata, tuple[str, ...]]:
    """Metadata of the document `name`, and warnings for an admin.

    Front matter goes before rules, rules before `properties` (what the file's program stores), those before `default`. `title`
    is what the content calls itself; it is used where nobody states one, and the file's name where it is empty. Never raises
    for a value: one that cannot be used leaves the default, and a warning. What cannot be understood never widens the circle
    of readers: a type that sounds like configuration is one, a document whose customer is unreadable is for agents.
    """
    reader = _Reader(front_matter, rules, properties or {})
    base = default or Metadata()
    doc_type = reader.doc_type() or base.doc_type
    customer = reader.text("customer")
    metadata = replace(
        base,
        title=reader.text("title") or collapse(title)[: _LONGEST["title"]] or base.title or _from_name(name),
        doc_type=doc_type,
        audience=reader.audience(Audience.AGENT if doc_type is DocType.CONFIG_RECORD else base.audience),
        product=reader.text("product") or base.product,
        versions=reader.versions() or base.versions,
        module=reader.text("module") or base.module,
        region=reader.text("region") or base.region,
        customer=customer or base.customer,
        owner=reader.text("owner") or base.owner,
        effective_from=reader.date("effective_from") or base.effective_from,
        effective_to=reader.date("effective_to") or base.effective_to,
        review_by=reader.date("review_by") or base.review_by,
        supersedes=reader.text("supersedes") or base.supersedes,
        url=reader.url() or base.url,
        authoritative=_first(reader.authoritative(), base.authoritative),
    )
    if metadata.effective_from and metadata.effective_to and metadata.effective_to < metadata.effective_from:
        reader.warnings.append("effective_to lies before effective_from and is ignored")
        metadata = replace(metadata, effective_to=None)
    if reader.states("customer") and not customer:
        reader.warnings.append("the customer cannot be read, so the document is for agents only")
        metadata = replace(metadata, audience=Audience.AGENT)
    return metadata, tuple(reader.warnings)


def _first(stated: bool | None, base: bool | None) -> bool | None:
    return base if stated is None else stated


def _from_name(name: str) -> str:
    return re.sub(r"[-_\s]+", " ", PurePosixPath(name).stem).strip() or name


class _Reader:
    """One document's stated values; collects a warning for each that cannot be used."""

    def __init__(self, front_matter: Values, rules: Values, properties: Values) -> None:
        self._stated = ({_key(k): v for k, v in front_matter.items()}, {_key(k): v for k, v in rules.items()})
        # A program's title is no author's: the content's own heading goes before it.
        self._stored = {_key(k): v for k, v in properties.items() if _key(k) != "title"}
        self.warnings = [f"a key that is almost '{key}' is not known and is ignored" for key in self._misspelt()]

    def states(self, key: str) -> bool:
        return bool(self._candidates(key))

    def _candidates(self, key: str) -> list[object]:
        """What front matter and then rules say for `key`; an empty value is no statement."""
        return [stated[key] for stated in self._stated if stated.get(key) not in (None, "", [], {})]

    def _misspelt(self) -> list[str]:
        """The keys that others come close to: `audiance` must not go unnoticed."""
        foreign = {key for stated in self._stated for key in islice(stated, _MOST_KEYS) if key not in _KEYS}
        return sorted(
            {near for key in foreign for near in difflib.get_close_matches(key[:40], _KEYS, n=1, cutoff=0.85)}
        )

    def _ignored(self, key: str, remedy: str) -> None:
        self.warnings.append(f"the value of '{key}' is not usable and is ignored: {remedy}")

    def text(self, key: str) -> str | None:
        for value in self._candidates(key):
            if text := _as_text(value):
                return text[: _LONGEST.get(key, _LONGEST_VALUE)]
            self._ignored(key, "write it as one line of text")
        return _as_text(self._stored.get(key))[: _LONGEST.get(key, _LONGEST_VALUE)] or None

    def url(self) -> str | None:
        url = self.text("url")
        if url and not re.match(r"https?://[^\s<>\"]+$", url):
            self._ignored("url", "write a full http or https address")
            return None
        return url

    def doc_type(self) -> DocType | None:
        for value in self._candidates("doc_type"):
            if found := _doc_type(value):
                return found
            self._ignored("doc_type", "one of " + ", ".join(DocType))
            if "config" in _as_text(value).casefold():
                self.warnings.append("it sounds like configuration, so the document is taken for a config_record")
                return DocType.CONFIG_RECORD
        return _doc_type(self._stored.get("doc_type"))

    def versions(self) -> str | None:
        for value in self._candidates("versions"):
            if found := _versions(value):
                return found
            self._ignored("versions", "write a range such as '>=7.2 <8.0', or one version")
        return _versions(self._stored.get("versions"))

    def authoritative(self) -> bool | None:
        """Front matter and rules alone can say so, not what a program stored; where one says no, the other's yes does not count."""
        found = [_BOOLS.get(_as_text(value).casefold()) for value in self._candidates("authoritative")]
        if None in found:
            self._ignored("authoritative", "true or false")
        said = [each for each in found if each is not None]
        return all(said) if said else None

    def date(self, key: str) -> date | None:
        for value in self._candidates(key):
            if found := _as_date(value, endless=key == "effective_to"):
                return found
            self._ignored(key, "write a date between 1970 and 2200 as 2026-12-31")
        return _as_date(self._stored.get(key), endless=key == "effective_to")

    def audience(self, default: Audience) -> Audience:
        """The narrowest audience that is stated; `default` where nothing usable is."""
        found = [audience for value in self._candidates("audience") if (audience := _audience(value, default))]
        if len(found) < len(self._candidates("audience")):
            self._ignored("audience", "one of " + ", ".join(Audience))
        if len(set(found)) > 1:
            self.warnings.append("front matter and folder rules state different audiences: the narrower one holds")
        stated = _narrowest(found) if found else default
        return _narrowest([stated, *self._hints(stated)])

    def _hints(self, stated: Audience) -> Iterator[Audience]:
        """What other keys, misspelt ones and the file's properties say: it can only narrow what is stated."""
        for source in self._stated:
            for key, value in islice(source.items(), _MOST_KEYS):
                near = key in _NARROWING or (
                    key != "audience" and difflib.get_close_matches(key[:40], ["audience"], cutoff=0.85)
                )
                if near and _audience(value, stated) is Audience.AGENT and stated is not Audience.AGENT:
                    self.warnings.append("another key says that the document is internal: it is for agents")
                    yield Audience.AGENT
        if stored := _audience(self._stored.get("audience"), stated):
            if _narrowest([stored, stated]) is not stated:
                self.warnings.append("the file's own properties state a narrower audience, which holds")
            yield stored


def _doc_type(value: object) -> DocType | None:
    wanted = re.sub(r"[\s-]+", "_", _as_text(value).casefold())
    return next((doc_type for doc_type in DocType if wanted in (doc_type.value, doc_type.value + "s")), None)


def _versions(value: object) -> str | None:
    text = _as_text(value, joiner=" ")
    try:
        version_range(text)
    except InvalidRequestError:
        return None
    return text or None


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


def _as_date(value: object, *, endless: bool = False) -> date | None:
    """A date of our times. `endless`: years up to 9999 are how many systems write that something does not end."""
    try:
        found = value if isinstance(value, date) else datetime.fromisoformat(_as_text(value))
    except ValueError:
        return None
    day = found.date() if isinstance(found, datetime) else found
    return day if _EARLIEST <= day < (date.max if endless else _LATEST) else None


def _narrowest(audiences: list[Audience]) -> Audience:
    return max(audiences, key=lambda audience: len(audience.readable()))


def _audience(value: object, default: Audience) -> Audience | None:
    """One stated audience. A list of ours names everyone who may read: its widest. Near misses narrow, never widen."""
    items = value[:_MOST_KEYS] if isinstance(value, list | tuple) else [value]
    named = [_as_text(item).casefold()[:_LONGEST_VALUE] for item in items]
    ours = [Audience(name) for name in named if name in set(Audience)]
    if len(ours) == len(named):
        return min(ours, key=lambda audience: len(audience.readable()))
    words = [word for name in named for word in re.findall(r"[a-z]+", name)]
    if any(difflib.get_close_matches(word, _AGENT_WORDS, n=1, cutoff=0.8) for word in words):
        return Audience.AGENT
    if _PARTNER_WORDS.intersection(words):
        return _narrowest([Audience.PARTNER, default])
    return None
