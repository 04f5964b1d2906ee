import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.domain import RedactionProfile
from guardrails.errors import GuardError
from guardrails.patterns import PATTERN_RULES
from guardrails.pii import Redactor
from guardrails.placeholders import placeholder
from guardrails.recognisers import RuleRecogniser

pytestmark = pytest.mark.slow

LETTER = """Dear Søren Ødegård,
PO 4500017834 is stuck. Łukasz Żółć (lukasz@firma.example, 312-555-0142) opened it on 2024-01-15.

Best regards,
Márta Kovács"""
PIECES = st.sampled_from(
    (
        *(
            "Anna Berg",
            "Dear Tom,\n",
            "anna@x.example",
            " PO 4500017834 ",
            "spoke to Priya Raman",
            "\n\n",
            " and ",
            "'s",
            ". ",
        ),
        *(
            " Regards,\nJosé Núñez\n",
            " on the Transfer Journal form ",
            "+44 20 7946 0018",
            "<PERSON_k3f9ab>",
            " 12 Main Street ",
        ),
    )
)

ODD = ("\u200b", "\ufeff", "\r\n", "\u0301", "ﬁ", "０", "ａ", "👩‍💻", "\U000e0041", "𝒳", "\u2028")


def taken(result, text):
    return [(entity.type, text[entity.start : entity.end]) for entity in result.entities]


def test_people_and_contacts_go_and_identifiers_stay(redactor, profile):
    result = redactor.redact(LETTER, profile)
    assert taken(result, LETTER) == [
        ("PERSON", "Søren Ødegård"),
        ("PERSON", "Łukasz Żółć"),
        ("EMAIL", "lukasz@firma.example"),
        ("PHONE", "312-555-0142"),
        ("PERSON", "Márta Kovács"),
    ]
    assert "4500017834" in result.text
    assert "2024-01-15" in result.text


def test_offsets_are_of_the_original_and_placeholders_rebuild_the_text(redactor, profile):
    result = redactor.redact(LETTER, profile)
    rebuilt, at = "", 0
    for entity in result.entities:
        rebuilt += LETTER[at : entity.start] + entity.placeholder
        at = entity.end
    assert rebuilt + LETTER[at:] == result.text


@pytest.mark.parametrize(
    "text",
    [
        "Click Post on the Transfer Journal form, then open the Posted Sales Invoice page.",
        "The Jackson terminal in store 0412 runs build 7.12.4.1.",
        "Select the Mark and Max check boxes on the Warehouse Management Parameters tab.",
        "Contact: Accounts Payable. Name: Default Order Settings.",
        "Dear Customer,\nyour Purchase Order 4500017834 is ready.\n\nKind regards,\nCustomer Support",
    ],
)
def test_interface_words_are_no_names(redactor, profile, text):
    assert redactor.redact(text, profile).text == text


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("my name is Kenjirou", "Kenjirou"),
        ("I spoke to Jackson about the terminal", "Jackson"),
        ("Contact: Priya Raman", "Priya Raman"),
        ("Mr. Derek Crnić called", "Mr. Derek Crnić"),
        ("Thanks,\nBjörk", "Björk"),
        ("i talked to jessica kadyrov yesterday", "jessica kadyrov"),
        ("Follow up with Ngozi Okafor-Smith tomorrow", "Ngozi Okafor-Smith"),
    ],
)
def test_words_around_a_name_give_it_away(redactor, profile, text, name):
    assert ("PERSON", name) in taken(redactor.redact(text, profile), text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("hi, my name is jessica kadyrov and the till is down", "jessica kadyrov"),
        ("from: Okonkwo\nto: Support", "Okonkwo"),
        ("kind regards,\nanneliese", "anneliese"),
        ("Mit freundlichen Grüßen\nJürgen Müller-Lüdenscheidt", "Jürgen Müller-Lüdenscheidt"),
        ("Cordialement,\nAïcha N'Diaye", "Aïcha N'Diaye"),
        ("| Cashier: Nguyen Thi Hoa | 0412 |", "Nguyen Thi Hoa"),
        ("2024-01-15 12:00 INFO assignee=Xiaoming Zhang", "Xiaoming Zhang"),
        ("Zhang's laptop is broken", "Zhang"),
        ("Prof. Dr. Hans-Peter Schäuble called", "Prof. Dr. Hans-Peter Schäuble"),
        ("ask J. R. Kowalczyk about it", "J. R. Kowalczyk"),
        ("Kowalczyk, Agnieszka", "Kowalczyk, Agnieszka"),
        ("caller: JOHN SMITH", "JOHN SMITH"),
        ("Меня зовут Иван Петров", "Иван Петров"),
        ("联系人：王小明", "王小明"),
        ("- **Owner:** Mohammed al-Rashid", "Mohammed al-Rashid"),
        ("I told Ngozi that the printer works", "Ngozi"),
        ("my name is An\u200bna Ber\u200bg", "An\u200bna Ber\u200bg"),
        ("my name is Ａｎｎａ Ｂｅｒｇ", "Ａｎｎａ Ｂｅｒｇ"),
        ("my name is Jose\u0301 Nu\u0301n\u0303ez", "Jose\u0301 Nu\u0301n\u0303ez"),
    ],
)
def test_names_of_many_countries_and_spellings_go(redactor, profile, text, name):
    result = redactor.redact(text, profile)
    assert ("PERSON", name) in taken(result, text)
    assert name not in result.text


@pytest.mark.parametrize(
    "text",
    [
        "Ask the Store Manager or the Accounts Payable Clerk for the Terminal ID.",
        "from: Warehouse\nto: Head Office\ncc: Purchasing",
        "The Zebra printer, the Verifone terminal and SAP run on Windows 11 with SQL Server 2022.",
        "Siemens confirmed the delivery to India, France and Germany.",
        "Prometheus scrapes the node-exporter; name=virt-template-validator",
        "Lot A-2291 of SKU 88-1204-XL goes from Store 0412 to Store 0413 on Monday.",
        "I am happy with it. This is great, call me later.",
        "Hello team, thanks for the update.",
    ],
)
def test_roles_products_companies_and_places_stay(redactor, profile, text):
    assert redactor.redact(text, profile).text == text


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("NAKAMURA HIROSHI signed for the parcel", "NAKAMURA HIROSHI"),
        ("Best wishes from Ingeborg", "Ingeborg"),
        ("She is called Marguerite", "Marguerite"),
        ("I live with Desmond and Hyacinth", "Hyacinth"),
        ("Gwendolyn Frith\nStore manager\n12 High Street", "Gwendolyn Frith"),
        ("Please refund Nkechi Adeyemi for order 4500017834", "Nkechi Adeyemi"),
        ("I, Nkechi Adeyemi, confirm", "Nkechi Adeyemi"),
        ("Yours, Nkechi", "Nkechi"),
        ("the customer, Nkechi, waits", "Nkechi"),
        ("ho parlato con Ginevra Bellocchio", "Ginevra Bellocchio"),
        ("approved by supervisor Annegret", "Annegret"),
        ("user annegret.voss cannot log in", "annegret.voss"),
    ],
)
def test_a_name_goes_in_every_place_of_a_sentence(redactor, profile, text, name):
    assert ("PERSON", name) in taken(redactor.redact(text, profile), text)


@pytest.mark.parametrize(
    "text",
    [
        "The service is called TillSync, and who is called first answers.",
        "Yours, the Corvane Helpdesk",
        "the manager, the cashier and the auditor sign",
        "cashier Login form, supervisor PIN, colleague Discount",
        "Call max.value and jordan.exe; see till.sync and store.open",
        "POSTED SALES INVOICE and OPEN ORDERS",
    ],
)
def test_what_only_stands_where_a_name_could_stays(redactor, profile, text):
    assert redactor.redact(text, profile).text == text


def test_hidden_and_disguised_spellings_share_a_tag(redactor, profile):
    plain, hidden, wide = (
        redactor.redact(text, profile).entities[0].placeholder
        for text in ("write to anna@x.example", "write to an\u200bna@x.example", "write to ａｎｎａ@x.example")
    )
    assert plain == hidden == wide


def test_a_rule_that_raises_fails_closed(profile):
    """Whichever recogniser breaks, one a deployment added included, nothing passes."""

    class Nobody:
        def entities(self, texts):
            return [[] for _ in texts]

    class Broken(RuleRecogniser):
        def analyze(self, text, entities, nlp_artifacts):
            raise RuntimeError(text)

    redactor = Redactor(ner=Nobody())
    redactor.recognisers.add_recognizer(Broken(PATTERN_RULES[:1]))
    with pytest.raises(GuardError) as caught:
        redactor.redact("nothing but words", profile)
    assert "words" not in str(caught.value)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.lists(PIECES | st.text(max_size=8) | st.sampled_from(ODD), max_size=10).map("".join))
def test_offsets_rebuild_the_result_whatever_is_hidden_in_the_text(redactor, profile, text):
    result = redactor.redact(text, profile)
    rebuilt, at = "", 0
    for entity in result.entities:
        assert at <= entity.start < entity.end <= len(text)
        rebuilt += text[at : entity.start] + entity.placeholder
        at = entity.end
    assert rebuilt + text[at:] == result.text


def test_the_tenants_own_words_domains_and_hotlines_stay(redactor, profile):
    text = "Alina Commerce: help@mail.corvane.example or 800-555-0100, ask Anna Berg; not help@evil-corvane.example."
    assert taken(redactor.redact(text, profile), text) == [
        ("PERSON", "Anna Berg"),
        ("EMAIL", "help@evil-corvane.example"),
    ]


def test_no_profile_lets_a_secret_stay(redactor):
    profile = RedactionProfile(key=b"k", allow=("sk-live-abc123def456ghi789",))
    assert "sk-live" not in redactor.redact("key sk-live-abc123def456ghi789", profile).text


@pytest.mark.parametrize(
    ("type_", "one", "other"),
    [
        ("EMAIL", "John.Smith@Acme.com", "john[dot]smith [at] acme[dot]com"),
        ("PHONE", "(312) 555-0142", "312.555.0142"),
        ("PERSON", "Anna  Berg", "anna berg"),
        ("PERSON", "Dr. Anna Berg", "Anna Berg"),
        ("IBAN", "GB29 NWBK 6016 1331 9268 19", "gb29nwbk60161331926819"),
    ],
)
def test_spellings_of_one_value_share_a_tag_in_one_tenant_only(type_, one, other):
    assert placeholder(b"one", type_, one) == placeholder(b"one", type_, other)
    assert placeholder(b"one", type_, one) != placeholder(b"two", type_, one)
    assert re.fullmatch(rf"<{type_}_[0-9a-v]{{6}}>", placeholder(b"one", type_, one))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(PIECES | st.text(max_size=12), max_size=10))
def test_redacting_a_result_changes_nothing(redactor, profile, pieces):
    once = redactor.redact("".join(pieces), profile)
    again = redactor.redact(once.text, profile)
    assert again.text == once.text
    assert again.entities == ()


def test_a_batch_equals_its_texts_one_by_one_from_any_thread(redactor, profile):
    texts = [LETTER, "", "nothing here", "spoke to Priya Raman", LETTER + "\n\n" + LETTER] * 4
    alone = [redactor.redact(text, profile) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        batches = list(pool.map(lambda _: redactor.redact_batch(texts, profile), range(4)))
    assert all(batch == alone for batch in batches)


def test_a_failing_part_fails_closed_without_the_text_in_the_error(profile):
    class BrokenNER:
        def entities(self, texts):
            raise ValueError(f"cannot read {texts[0]}")

    with pytest.raises(GuardError) as caught:
        Redactor(ner=BrokenNER()).redact("Anna Berg", profile)
    assert "Anna" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert (caught.value.status, caught.value.code) == (503, "guard_failed")


def test_an_unusable_key_fails_closed(redactor, profile):
    with pytest.raises(GuardError):
        redactor.redact("Anna Berg", replace(profile, key=None))  # type: ignore[arg-type]


def test_structured_types_and_names_hold_on_the_measuring_data(redactor):
    """Floors below what was measured on the development templates, so that a regression shows."""
    from tests.guardrails.conftest import DATA

    benchmark = pytest.importorskip("benchmarks.redaction")
    path = DATA / "pii" / "generated_large.jsonl"
    if not path.exists():
        pytest.skip(f"{path} is not there; set PARTNER_COPILOT_TEST_DATA to the folder with the measuring data")
    found = benchmark.quality(benchmark.samples(path, "dev")[:400], redactor)
    for type_ in ("EMAIL", "CARD", "IBAN", "NATIONAL_ID", "PHONE"):
        assert found[type_].recall >= 0.95, type_
        assert found[type_].precision >= 0.95, type_
    assert found["PERSON"].recall >= 0.80
