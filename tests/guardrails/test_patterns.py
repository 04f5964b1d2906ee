import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails import checksums
from guardrails.pii import redact_patterns

PERSONAL = [
    ("write to Jane.Doe+erp@mail.example.co.uk today", "EMAIL"),
    ("write to john[dot]smith [at] acme", "EMAIL"),
    ("write to john (at) acme (dot) com", "EMAIL"),
    ("write to bob dot lee at example dot com", "EMAIL"),
    ("write to jürgen@müller.de", "EMAIL"),
    ("call +44 (0)20 7946 0018 now", "PHONE"),
    ("call (312) 555-0142 now", "PHONE"),
    ("312.555.0142 is hers", "PHONE"),
    ("phone: 4915112345678", "PHONE"),
    ("reach us at 73 448 266", "PHONE"),
    ("her number is 785 8949", "PHONE"),
    ("card 4111 1111 1111 1111 expired", "CARD"),
    ("amex 378282246310005", "CARD"),
    ("4111-1111-1111-1111", "CARD"),
    ("IBAN GB29 NWBK 6016 1331 9268 19 please", "IBAN"),
    ("iban de89370400440532013000", "IBAN"),
    ("her social security number is 455-99-6622", "NATIONAL_ID"),
    ("NINO AB 12 34 56 C", "NATIONAL_ID"),
    ("DNI 12345678Z", "NATIONAL_ID"),
    ("codice fiscale RSSMRA85T10A562S", "NATIONAL_ID"),
    ("numéro 2 55 08 14 168 025 38", "NATIONAL_ID"),
    ("PESEL 44051401359", "NATIONAL_ID"),
    ("logged in from 86.231.85.193", "IP_ADDRESS"),
    ("from 2001:4860:4860::8888", "IP_ADDRESS"),
    ("ship to 221B Baker Street, London NW1 6XE", "ADDRESS"),
    ("ship to 12, rue de Rivoli", "ADDRESS"),
    ("ship to Hauptstraße 12, 10115 Berlin", "ADDRESS"),
    ("ship to P.O. Box 101", "ADDRESS"),
    ("sk-live-abc123def456ghi789", "SECRET"),
    ("sk_test_4eC39HqLyjWDarjtT1zdp7dc", "SECRET"),
    ("AKIAIOSFODNN7EXAMPLE", "SECRET"),
    ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "SECRET"),
    ("ghp_abcdefghijklmnopqrstuv12345", "SECRET"),
    ("xoxb-1234567890-abcdef", "SECRET"),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl", "SECRET"),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAK\n-----END RSA PRIVATE KEY-----", "SECRET"),
    ("Server=db;User Id=sa;Password=Hunter2!x;Database=erp", "SECRET"),
    ("postgres://admin:s3cret@db.local/erp", "SECRET"),
    ("the password is Hunter2!", "SECRET"),
]
STAYS = [
    "PO 4500017834 and sales order SO-2024-00017",
    "store 0412, terminal 7, register 12, port 8443",
    "version 7.12.4.1 and build 10.0.1234.5 after update 8.8.8.8",
    "EAN 4006381333931 and GTIN 04006381333931",
    "lot A-2291, invoice 2024-000123, EDI 850 and 4010",
    "on 2024-01-15, 01-02-2024 and 12/31/2024 at 12:30:45",
    "1,234.56 EUR, $2,099.00 and 25 %",
    "SKU 12345678Z and item AB123456C",
    "Order 312-555-0142-7 and PO: 312-555-0142",
    "server 10.0.0.5 and 192.168.1.20, mask 255.255.255.0",
    "SSN is short for social security number",
    "card 4111 1111 1111 1112",
    "IBAN GB29 NWBK 6016 1331 9268 18",
    "Password: Enter the password. The password is required. Token: see below.",
    "https://docs.example.com/a?b=c and std::string",
    "Set up 20 of the 30 cases in 2 ways; open Step 4",
]


@pytest.mark.parametrize(("text", "type_"), PERSONAL)
def test_personal_data_and_secrets_become_placeholders(text, type_):
    assert f"<{type_}>" in redact_patterns(text)


@pytest.mark.parametrize("text", STAYS)
def test_identifiers_dates_amounts_and_versions_stay(text):
    assert redact_patterns(text) == text


def test_the_name_of_a_credential_stays_beside_its_placeholder():
    assert redact_patterns("Password=Hunter2!x;Database=erp") == "Password=<SECRET>;Database=erp"
    assert redact_patterns("postgres://admin:s3cret@db/erp") == "postgres://<SECRET>@db/erp"


@given(st.text(max_size=300))
def test_redacting_patterns_twice_changes_nothing(text):
    once = redact_patterns(text)
    assert redact_patterns(once) == once


@pytest.mark.parametrize(
    "unit",
    ["a.", "a@", "1-", "12 ", "A1 ", "x_", "Aa ", "0", "12 Aa ", "password is ", "+1 (2", "a: ", "1.", "Rue de "],
)
def test_time_grows_with_the_length_not_its_square(unit):
    def seconds(length: int) -> float:
        text = unit * (length // len(unit))
        started = time.perf_counter()
        redact_patterns(text)
        return time.perf_counter() - started

    assert seconds(40_000) < 8 * seconds(10_000) + 0.3


@given(st.integers(0, 10**15 - 1))
def test_one_changed_digit_breaks_a_luhn_number(number):
    digits = str(number)
    check = next(d for d in "0123456789" if checksums.luhn(digits + d))
    changed = str((int(digits[0]) + 1) % 10) + digits[1:]
    assert checksums.luhn(digits + check)
    assert not checksums.luhn(changed + check)


@pytest.mark.parametrize(
    ("is_valid", "good", "bad"),
    [
        (checksums.is_iban, "DE89370400440532013000", "DE88370400440532013000"),
        (checksums.is_iban, "GB29NWBK60161331926819", "GB29NWBK6016133192681"),
        (checksums.is_dni, "X1234567L", "X1234567M"),
        (checksums.is_codice_fiscale, "RSSMRA85T10A562S", "RSSMRA85T10A562T"),
        (checksums.is_nir, "255081416802538", "255081416802539"),
        (checksums.is_pesel, "44051401359", "44051401358"),
        (checksums.is_bsn, "111222333", "111222334"),
        (checksums.is_sin, "046454286", "046454287"),
        (checksums.is_gtin, "4006381333931", "4006381333932"),
        (checksums.is_card, "378282246310005", "378282246310006"),
    ],
)
def test_checksums_tell_good_from_bad(is_valid, good, bad):
    assert is_valid(good)
    assert not is_valid(bad)
