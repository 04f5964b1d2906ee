"""One person, as whoever asks names them, and the traces that such a person leaves in a tenant's data."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields

from core.audit import canonical
from core.errors import InvalidRequestError
from core.models import Json
from guardrails.checksums import digits_of
from guardrails.placeholders import normalised, placeholder

ERASED = "erased"
"""What stands for a principal that was erased; as the tag of a placeholder as long as any other, so that no offset moves."""
_MOST_CHARS = 200
_LEAST_DIGITS = 7
_LEAST_NAME = 4


@dataclass(frozen=True, slots=True)
class Subject:
    """Each in any number of spellings. `external_ids` are what a portal signs as `sub`; `slack_users` are Slack's user ids;
    `principals` are ids as the audit and the usage show them."""

    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    external_ids: tuple[str, ...] = ()
    slack_users: tuple[str, ...] = ()
    principals: tuple[str, ...] = ()

    def as_json(self) -> Json:
        """Of equal people the same, however they were written."""
        return {name: sorted(set(values)) for name, values in asdict(self).items() if values}

    @property
    def canonical(self) -> str:
        """What is digested."""
        return canonical(self.as_json()).decode()

    @classmethod
    def of(cls, values: Mapping[str, Collection[str]]) -> Subject:
        """Raises `InvalidRequestError` (`invalid_subject`) where nobody is named, or too vaguely to be told from others."""
        cleaned = {f.name: _cleaned(values.get(f.name, ())) for f in fields(cls)}
        if not any(cleaned.values()):
            raise _invalid(
                "name the person by an e-mail address, telephone, name, external id, Slack user or principal"
            )
        for name, texts in cleaned.items():
            for text in texts:
                _require_clear(name, text)
        return cls(**cleaned)


def _cleaned(values: Collection[str]) -> tuple[str, ...]:
    return tuple(sorted({" ".join(value.split()) for value in values if value.strip()}))


def _require_clear(name: str, text: str) -> None:
    if len(text) > _MOST_CHARS:
        raise _invalid(f"one of {name} is longer than {_MOST_CHARS} characters")
    if not text.isprintable():
        raise _invalid(f"one of {name} holds characters that cannot be shown")
    if name == "emails" and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", text):
        raise _invalid("one of emails is no e-mail address")
    if name == "phones" and len(digits_of(text)) < _LEAST_DIGITS:
        raise _invalid(f"a telephone number has {_LEAST_DIGITS} digits at least")
    if name == "names" and len(text) < _LEAST_NAME:
        raise _invalid(f"a name of fewer than {_LEAST_NAME} characters fits too many others; give the full name")


def _invalid(detail: str) -> InvalidRequestError:
    return InvalidRequestError(detail, code="invalid_subject")


class Traces:
    """What to look for. `tags` are the placeholders that stand for the person, `principals` the ids under which they asked."""

    def __init__(self, subject: Subject, *, key: bytes, principals: Collection[str]) -> None:
        self.tags = _tags(subject, key)
        self.principals = frozenset({*subject.principals, *principals})
        self._pattern = _pattern(subject, self.tags)

    def in_text(self, text: str) -> bool:
        return self._pattern is not None and self._pattern.search(text) is not None

    def spans(self, text: str) -> list[tuple[int, int, str]]:
        """Where the person stands in a text: start, end, and what is to stand there."""
        if self._pattern is None:
            return []
        return [(m.start(), m.end(), f"<{self._type(m)}_{ERASED}>") for m in self._pattern.finditer(text)]

    def blotted(self, value: object) -> object:
        """The same text, or JSON value, without the person."""
        match value:
            case str():
                return self._pattern.sub(lambda m: f"<{self._type(m)}_{ERASED}>", value) if self._pattern else value
            case list():
                return [self.blotted(item) for item in value]
            case dict():
                return {self.blotted(key): self.blotted(item) for key, item in value.items()}
            case _:
                return value

    def _type(self, match: re.Match[str]) -> str:
        return self.tags.get(match[0]) or match.lastgroup or "PERSON"


def _tags(subject: Subject, key: bytes) -> dict[str, str]:
    """Placeholder → type. A name with the last word first has another one."""
    values = {
        "EMAIL": subject.emails,
        "PHONE": subject.phones,
        "PERSON": (*subject.names, *(each for name in subject.names for each in _reversed(name))),
    }
    return {placeholder(key, type_, value): type_ for type_, texts in values.items() for value in texts}


def _reversed(name: str) -> tuple[str, ...]:
    first, _, last = name.rpartition(" ")
    return (f"{last}, {first}", f"{last} {first}") if first else ()


def _pattern(subject: Subject, tags: Collection[str]) -> re.Pattern[str] | None:
    """The tags, and the values themselves, should redaction ever have missed one. A name of one word is found by its tag
    alone: as a word it may be anything."""
    parts = [re.escape(tag) for tag in tags]
    parts += [f"(?P<EMAIL>{'|'.join(map(_email, subject.emails))})"] if subject.emails else []
    parts += [f"(?P<PHONE>{'|'.join(map(_phone, subject.phones))})"] if subject.phones else []
    full = [each for name in subject.names if " " in name for each in (name, *_reversed(name))]
    parts += [f"(?P<PERSON>{'|'.join(map(_name, full))})"] if full else []
    return re.compile("|".join(parts), re.IGNORECASE) if parts else None


_AT, _DOT = r"(?:@|\s*[\[({]\s*at\s*[\])}]\s*|\s+at\s+)", r"(?:\.|\s*[\[({]\s*dot\s*[\])}]\s*|\s+dot\s+)"


def _email(value: str) -> str:
    local, _, domain = normalised("EMAIL", value).partition("@")
    spelt = _AT.join(_DOT.join(map(re.escape, part.split("."))) for part in (local, domain))
    return rf"(?<![\w.+-]){spelt}(?![\w-])"


def _phone(value: str) -> str:
    digits = digits_of(value)
    return r"(?<!\d)(?:\+|00)?" + r"[\s().\-/\u2010-\u2015]*".join(digits) + r"(?!\d)"


def _name(value: str) -> str:
    return r"(?<!\w)" + r"[\s_\-]+".join(map(re.escape, value.split())) + r"(?!\w)"
