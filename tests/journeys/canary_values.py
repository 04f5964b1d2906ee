"""Personal data to plant: of every type that redaction claims to know, made up, unique, in a sentence that says what it is."""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

FIRST = "Marieke Anna Priya José Tomasz Ingrid Giulia Hans Fatima Olivier Karin Pedro Emily Daniel Sofia Lars"
LAST = (
    "Oosterhuis Lindqvist Raman Núñez Kowalczyk Bergström Ferrari Baumgartner Haddad Lefèvre Schneider Carvalho "
    "Whitfield Okafor Petrova Johansen Vandenberg Castellano Hoffmann Nakamura"
)

_HOLE = bytes(64)


@dataclass(frozen=True, slots=True)
class Canary:
    """`said` is a sentence that holds `value`; no other text of the test does."""

    kind: str
    value: str
    said: str

    @property
    def needles(self) -> tuple[bytes, ...]:
        """As files may hold it: as it is, as JSON, in one case, and a number without its punctuation."""
        forms = {self.value, json.dumps(self.value)[1:-1], self.value.lower(), self.value.replace(" ", "_")}
        if self.kind in ("phone", "card", "iban"):
            forms.add("".join(c for c in self.value if c.isalnum()))
        if self.kind == "email":
            forms.add(self.value.replace("@", "%40"))
        return (*(form.encode() for form in sorted(forms)), self.value.encode("utf-16-le"))


def canaries(count: int, *, seed: int) -> list[Canary]:
    """All kinds in turn."""
    chance = random.Random(seed)
    names = [f"{first} {last}" for first in FIRST.split() for last in LAST.split()]
    chance.shuffle(names)
    makers = [_name, _email, _phone, _card, _iban, _api_key, _aws, _jwt, _password, _connection, _pem, _bearer]
    found = [makers[number % len(makers)](chance, names[number]) for number in range(count)]
    assert len({one.value for one in found}) == count
    return found


def _name(_chance: random.Random, name: str) -> Canary:
    return Canary("name", name, f"My name is {name}.")


def _email(chance: random.Random, name: str) -> Canary:
    value = f"{_word(chance, 7)}.{_word(chance, 6)}@{_word(chance, 8)}.example"
    return Canary("email", value, f"Write to {value}, please.")


def _phone(chance: random.Random, name: str) -> Canary:
    value = f"+49 30 {chance.randrange(200, 999)} {chance.randrange(10000, 99999)}"
    return Canary("phone", value, f"My telephone number is {value}.")


def _card(chance: random.Random, name: str) -> Canary:
    digits = "4" + "".join(str(chance.randrange(10)) for _ in range(14))
    total = sum(_doubled(int(digit)) if place % 2 == 0 else int(digit) for place, digit in enumerate(digits))
    digits += str(-total % 10)
    value = " ".join(digits[start : start + 4] for start in range(0, 16, 4))
    return Canary("card", value, f"The credit card {value} was declined.")


def _doubled(digit: int) -> int:
    return 2 * digit - 9 if digit > 4 else 2 * digit


def _iban(chance: random.Random, name: str) -> Canary:
    account = "".join(str(chance.randrange(10)) for _ in range(18))
    check = 98 - int(f"{account}131400") % 97  # ISO 13616: DE is 13 14
    value = f"DE{check:02d}{account}"
    return Canary("iban", value, f"Please refund to IBAN {value}.")


def _api_key(chance: random.Random, name: str) -> Canary:
    value = "sk-" + _token(chance, 32)
    return Canary("api key", value, f"It fails with the key {value} too.")


def _aws(chance: random.Random, name: str) -> Canary:
    value = "AKIA" + "".join(chance.choices(string.ascii_uppercase + string.digits, k=16))
    return Canary("aws key", value, f"The bucket's user is {value}.")


def _jwt(chance: random.Random, name: str) -> Canary:
    parts = [base64.urlsafe_b64encode(json.dumps({"a": _token(chance, 9)}).encode()).decode().rstrip("=") for _ in "12"]
    value = f"{parts[0]}.{parts[1]}.{_token(chance, 30)}"
    return Canary("jwt", value, f"It sends {value} and is refused.")


def _password(chance: random.Random, name: str) -> Canary:
    value = _word(chance, 6) + str(chance.randrange(1000, 9999)) + "xQ"
    return Canary("password", value, f"We have set password={value} for the till.")


def _connection(chance: random.Random, name: str) -> Canary:
    value = f"{_word(chance, 6)}:{_token(chance, 14)}"
    return Canary("connection", value, f"It connects to postgresql://{value}@db.internal/pos now.")


def _pem(chance: random.Random, name: str) -> Canary:
    value = _token(chance, 60)
    return Canary("pem", value, f"-----BEGIN PRIVATE KEY-----\n{value}\n-----END PRIVATE KEY-----\n")


def _bearer(chance: random.Random, name: str) -> Canary:
    value = _token(chance, 40)
    return Canary("bearer", value, f"The header is Authorization: Bearer {value} there.")


def _word(chance: random.Random, length: int) -> str:
    return "".join(chance.choices(string.ascii_lowercase, k=length))


def _token(chance: random.Random, length: int) -> str:
    return "a1B2" + "".join(chance.choices(string.ascii_letters + string.digits, k=length - 4))


def leaks(planted: Iterable[Canary], sinks: Mapping[str, bytes]) -> list[str]:
    """`kind in sink` of every canary that lies readable in one, and where."""
    return sorted(set(_leaks(list(planted), sinks)))


def _leaks(planted: list[Canary], sinks: Mapping[str, bytes]) -> Iterator[str]:
    for name, data in sinks.items():
        folded = data.lower()
        for one in planted:
            for needle in one.needles:
                at = folded.find(needle.lower())
                if at >= 0:
                    around = data[max(0, at - 60) : at + len(needle) + 20]
                    yield f"{one.kind} in {name}: …{around!r}…"


def files_of(home: Path) -> dict[str, bytes]:
    """Every file below a folder, the write-ahead log and the vectors among them, without the holes of those that are sparse."""
    files = (file for file in sorted(home.rglob("*")) if file.is_file())
    return {str(file.relative_to(home)): file.read_bytes().replace(_HOLE, b"") for file in files}
