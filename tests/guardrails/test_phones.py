"""Telephone numbers as every region writes them (libphonenumber's own examples), and as people put them into a sentence."""

from __future__ import annotations

import phonenumbers
import pytest
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from guardrails.pii import redact_patterns

KINDS = (PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE)
EXAMPLES = [
    number
    for region in sorted(phonenumbers.SUPPORTED_REGIONS)
    for kind in KINDS
    if (number := phonenumbers.example_number_for_type(region, kind)) is not None
]


def left(number: str, sentence: str = "{}") -> bool:
    """Whether a digit of it is readable still."""
    return any(map(str.isdigit, redact_patterns(sentence.format(number))))


@pytest.mark.parametrize("sentence", ["{}", "We are on {} or in the office.", "| Berg | {} |"])
def test_every_regions_international_number_goes_wherever_it_stands(sentence: str) -> None:
    written = [phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL) for number in EXAMPLES]
    assert len(written) > 400
    assert [number for number in written if left(number, sentence)] == []
    assert [number for number in written if left(number.replace("+", "00", 1), sentence)] == []


@pytest.mark.parametrize(
    ("sentence", "share"),
    [
        ("Phone: {}", 0.94),
        ("Please call me at {} tomorrow.", 0.93),
        ("My new number is {}.", 0.94),
        ("You can reach her on {} after six.", 0.93),
        ("Kind regards,\n{}\n", 0.88),
        ("anna@x.example, {}", 0.86),
    ],
)
def test_most_regions_national_numbers_go_where_the_words_speak_of_a_telephone(sentence: str, share: float) -> None:
    """What stays is mostly islands' numbers of four or five digits, which are store numbers elsewhere."""
    written = [phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL) for number in EXAMPLES]
    assert sum(not left(number, sentence) for number in written) >= share * len(written)


@pytest.mark.parametrize(
    "text",
    [
        "0043 1 234567890",
        "00493090182000",
        "8 (912) 345-67-89",
        "(06 1) 234 5678",
        "our direct line's 560 1234",
        "my emergency contact number has changed to 98765 43210",
        "get hold of him on 71234567",
        "text them back at 612345678",
        "Anna, anna@x.example, 560 1234",
        "560 1234 / anna@x.example",
        "(anna@x.example or 73 44 82 66)",
        "phone 33 93 31",
        "call 33 93 31",
        '"phone_number": "5601234"',
        "home_phone=5601234",
        "mobileNumber: 98765 43210",
        "Office: 560 1234",
        "Direct line: 73 44 82 66",
        "12 Main Street, Springfield, 560 1234",
        "+44 20 7946 0018 / 560 1234",
        "Tel. 22 45 33 00 ext. 12",
    ],
)
def test_a_telephone_number_goes(text: str) -> None:
    assert not left(text), redact_patterns(text)


@pytest.mark.parametrize(
    "text",
    [
        "call me about 4500017834",
        "call 4500017834",
        "contact us about PO 4500 0178 34",
        "get back to order 123 456 789 on Monday",
        "till 00123456789012 and EAN 0012345678905",
        "item 8 912 345 in bin (06 1)",
        "anna@x.example opened ticket 20-12-34-56",
        "bob@x.example, order 4500 0178 34",
        "0012345678905 is sold out",
        "Work: 4500017834",
        "Main: 12 items, Desk: 4",
        "the day 20 12 34 and the count 1 234 567",
    ],
)
def test_a_number_of_something_else_stays(text: str) -> None:
    kept = redact_patterns(text)
    assert "<PHONE>" not in kept


def test_a_name_beside_it_makes_a_number_a_telephone(redactor, profile) -> None:  # type: ignore[no-untyped-def]
    found = redactor.redact("Owner of the till: Anna Berg, 560 1234", profile)
    assert [entity.type for entity in found.entities] == ["PERSON", "PHONE"]
