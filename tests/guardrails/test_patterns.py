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
MORE_PERSONAL = [
    ("write to john AT example DOT com", "EMAIL"),
    ("write to john<at>example<dot>com", "EMAIL"),
    ("write to anna.berg at example.com", "EMAIL"),
    ("write to john @ example . com", "EMAIL"),
    ("call me back on 07700 900123", "PHONE"),
    ("Tel.: 030 / 90 18 20", "PHONE"),
    ("Telefon 0664/1234567", "PHONE"),
    ("01.23.45.67.89", "PHONE"),
    ("llámame al 612 345 678", "PHONE"),
    ("my number, if you need it, is 785 8949", "PHONE"),
    ("98765 43210 is my whatsapp", "PHONE"),
    ("+55 (11) 91234-5678", "PHONE"),
    ("change the number to 73 448 266", "PHONE"),
    ("Regards\n73 448 266", "PHONE"),
    ("T: 7344 8266", "PHONE"),
    ("tel:+1-312-555-0142", "PHONE"),
    ("card 4111.1111.1111.1111", "CARD"),
    ("cvv 123", "CARD"),
    ("passport number C01X00T47", "NATIONAL_ID"),
    ("811228-9874 is hers", "NATIONAL_ID"),
    ("hetu 131052-308T", "NATIONAL_ID"),
    ("85.07.30-033.28", "NATIONAL_ID"),
    ("756.9217.0769.85", "NATIONAL_ID"),
    ("529.982.247-25", "NATIONAL_ID"),
    ("12.345.678-5", "NATIONAL_ID"),
    ("id 11010519491231002X", "NATIONAL_ID"),
    ("S1234567D", "NATIONAL_ID"),
    ("736028/5163", "NATIONAL_ID"),
    ("Aadhaar: 2341 2341 2346", "NATIONAL_ID"),
    ("HEGG560427MVZRRL04", "NATIONAL_ID"),
    ("Steuer-ID 86 095 742 719", "NATIONAL_ID"),
    ("NHS number 943 476 5919", "NATIONAL_ID"),
    ("CPR 070761-4285", "NATIONAL_ID"),
    ("123-45-6789", "NATIONAL_ID"),
    ("ship to Am Anger 5, 07743 Jena", "ADDRESS"),
    ("ship to Calle de Alcalá 45, 28014 Madrid", "ADDRESS"),
    ("ship to ul. Karpacka 69", "ADDRESS"),
    ("home address: Storgata 4 B, Oslo", "ADDRESS"),
    ("the corner of Auenweg 85 and Hill Street", "ADDRESS"),
    ("ship to Damrak 70, 1012 LM Amsterdam", "ADDRESS"),
    ("sk-proj-abcDEF123456789_xyz-ABCDEF", "SECRET"),
    ("Authorization: Basic dXNlcjpwYXNzd29yZA==", "SECRET"),
    ("curl -u admin:s3cr3t https://x.example/api", "SECRET"),
    ("redis://:p4ssw0rd@cache:6379/0", "SECRET"),
    ("SharedAccessKeyName=Root;SharedAccessKey=abcd1234EFGH5678ijkl=", "SECRET"),
    ("my password is swordfish", "SECRET"),
    ("Passwort: Sommer2024!", "SECRET"),
    ("aws secret wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "SECRET"),
    ("shpat_0123456789abcdef0123456789abcdef", "SECRET"),
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
    "PO 4500017834 call back, and call 4500017834",
    "Order 123 456 789 is late, call the shop; total 1 234 567 EUR",
    "order 811228-9874, SKU 123-45-6789, batch 240115-0003, ticket 20-12-34-56",
    "please call store 0412 about invoice 20240001",
    "The number of rows is 1200 300; part number 123-456-789 and the batch number is 12 345 678",
    "1 234 567",
    "RFC 2616 section 14, the passport scanner and rg 12",
    "look at example.com or work at contoso.de",
    "my password is wrong and the password policy is strong",
    "Basic setup and basic configuration1",
    "password = os.environ[0]",
    "2 Sales Drive journals, 3 Item Row, Aggregate 5, Committee 12, Supermarkt 12",
    "Server room 4, Level 3 support, Box 12 of 20",
]


@pytest.mark.parametrize(("text", "type_"), PERSONAL + MORE_PERSONAL)
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
        started = time.process_time()
        redact_patterns(text)
        return time.process_time() - started

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
        (checksums.is_personnummer, "8112289874", "8112289875"),
        (checksums.is_fodselsnummer, "01010050053", "01010050054"),
        (checksums.is_hetu, "131052308T", "131052308U"),
        (checksums.is_rijksregister, "85073003328", "85073003329"),
        (checksums.is_ahv, "7569217076985", "7569217076986"),
        (checksums.is_cpf, "52998224725", "52998224726"),
        (checksums.is_rut, "123456785", "123456786"),
        (checksums.is_resident_id, "11010519491231002X", "110105194912310021"),
        (checksums.is_nric, "S1234567D", "S1234567E"),
        (checksums.is_rodne_cislo, "7360285163", "7360285164"),
        (checksums.is_snils, "11223344595", "11223344596"),
        (checksums.is_curp, "HEGG560427MVZRRL04", "HEGG560427MVZRRL05"),
    ],
)
def test_checksums_tell_good_from_bad(is_valid, good, bad):
    assert is_valid(good)
    assert not is_valid(bad)
