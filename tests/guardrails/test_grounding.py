from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.grounding import GOOD, cases
from guardrails.grounding import check

PASSAGE = """Before you post the journal, set `price_list_id` to 4 in **Retail parameters**. \
The POS terminal retries the upload 3 times within 30 minutes. You cannot edit posted journals, but you can reverse them.
In Corvane 7.4 the default port is 8443. In Corvane 7.3 the default port is 9000. Error E1042 means that the store \
database is locked. Store 12 uses port 9100 and store 14 uses port 9200.
- Do not delete the batch.
Versions 7.2, 7.3 and 7.4 support the EDI 850 message. Only managers can approve refunds. \
Enable the offline mode before the upgrade. The two dates are not the same. The limit is 1,000 lines."""

SUPPORTED = [
    "Set `price_list_id` to 4 in Retail parameters before posting the journal [1].",
    "The terminal retries the upload three times within 30 minutes [2][3].",
    "Posted journals cannot be edited.",
    "It is not possible to edit posted journals.",
    "You can reverse posted journals.",
    "The default port in Corvane 7.4 is 8443.",
    "E1042 means the store database is locked.",
    "Store 14 uses port 9200.",
    "Never delete the batch.",
    "Versions 7.2 and 7.4 support the EDI 850 message.",
    "Managers can approve refunds.",
    "The limit is 1000 lines.",
]
ATTACKS = [
    ("The terminal retries the upload 5 times within 30 minutes.", "missing_fact"),
    ("The terminal retries the upload 3 times within 45 minutes.", "missing_fact"),
    ("The terminal retries the upload 3 times within 30 seconds.", "unit"),
    ("Set `price_list_id` to 5 in Retail parameters before posting the journal.", "missing_fact"),
    ("Set `price_group_id` to 4 in Retail parameters before posting the journal.", "missing_fact"),
    ("You can edit posted journals.", "negation"),
    ("You cannot reverse posted journals.", "negation"),
    ("Delete the batch.", "negation"),
    ("delete the batch", "negation"),
    ("The two dates are the same.", "negation"),
    ("Managers cannot approve refunds.", "negation"),
    ("The default port in Corvane 7.4 is 9000.", "merged_facts"),
    ("The default port in Corvane 7.3 is 8443.", "merged_facts"),
    ("Store 12 uses port 9200.", "merged_facts"),
    ("E1043 means the store database is locked.", "missing_fact"),
    ("Version 7.5 supports the EDI 850 message.", "missing_fact"),
    ("The default port in Larder 7.4 is 8443.", "missing_name"),
    ("Disable the offline mode before the upgrade.", "opposite"),
    ("Enable the offline mode after the upgrade.", "opposite"),
    ("You can only reverse posted journals.", "stronger"),
    ("Only cashiers can approve refunds.", "low_coverage"),
    ("Bread is baked at night.", "low_coverage"),
    ("It is.", "no_content"),
]


@pytest.mark.parametrize("sentence", SUPPORTED)
def test_what_the_passage_says_in_other_words_is_supported(sentence):
    verdict = check(sentence, [PASSAGE])
    assert (verdict.supported, verdict.reason) == (True, "covered")


@pytest.mark.parametrize(("sentence", "reason"), ATTACKS)
def test_what_the_passage_does_not_say_is_refused_with_its_reason(sentence, reason):
    verdict = check(sentence, [PASSAGE])
    assert (verdict.supported, verdict.reason) == (False, reason)


@pytest.mark.parametrize(
    "sentence",
    [
        "Do not delete the batch. [1]",
        "- **Do not** delete  the batch",
        "Only managers can approve refunds. Enable the offline mode before the upgrade.",
    ],
)
def test_whole_sentences_of_a_passage_pass_whatever_their_markdown(sentence):
    assert check(sentence, ["Other.", PASSAGE]).reason == "verbatim"


def test_the_quote_is_the_window_in_the_passage_that_supports():
    verdict = check("E1042 means the store database is locked.", ["Nothing here.", PASSAGE])
    assert verdict.passage_index == 1
    assert PASSAGE[verdict.quote_start : verdict.quote_end] == "Error E1042 means that the store database is locked."


def test_one_unsupported_step_refuses_a_procedure():
    good = "1. Enable the offline mode before the upgrade.\n2. Do not delete the batch."
    assert check(good, [PASSAGE]).supported
    assert not check(good + "\n3. Restart store 99.", [PASSAGE]).supported


class FakeSimilarity:
    def __init__(self, value: float) -> None:
        self.value = value

    def similarity(self, a, b):
        return [[self.value for _ in b] for _ in a]


def test_similarity_decides_only_in_the_border_and_never_over_facts():
    border = "Managers alone grant refunds."
    assert not check(border, [PASSAGE]).supported
    assert check("Managers will sign refunds.", [PASSAGE], similarity=FakeSimilarity(0.95)).reason == "similar"
    assert not check("Managers will sign refunds.", [PASSAGE], similarity=FakeSimilarity(0.5)).supported
    assert not check("The default port in Corvane 7.4 is 9999.", [PASSAGE], similarity=FakeSimilarity(1.0)).supported
    assert not check("Bread is baked.", [PASSAGE], similarity=FakeSimilarity(1.0)).supported


def test_nothing_is_supported_by_no_passage():
    assert check("The limit is 1,000 lines.", []).passage_index == -1
    assert not check("The limit is 1,000 lines.", [""]).supported


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([part.strip() for part in PASSAGE.split(". ")]), min_size=1, max_size=1), st.integers(0, 9)
)
def test_a_sentence_is_its_own_support_and_a_new_number_never_is(sentences, digit):
    [sentence] = sentences
    assert check(sentence, [sentence]).reason == "verbatim"
    assert not check(f"{sentence.rstrip('.')} 77{digit}", [PASSAGE]).supported


@settings(deadline=None)
@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_gets_a_verdict_whose_quote_lies_in_the_passage(sentence, passage):
    verdict = check(sentence, [passage])
    assert 0 <= verdict.quote_start <= verdict.quote_end <= len(passage)


RUNBOOK = """The `SpoolFull` alert fires when more than 80% of the spool is used for 15 minutes or more.
If only part of the spool is damaged, restart may fail. You can add a second spool. Some stores use two spools.
The supervisor, instead of the cashier, approves the refund. The store must block the former cashier's access.
Files can be exported after the day has been closed. Rebuild is available only if the archive key is set.
We keep deleted files for ninety (90) days. Sell the card at the point of sale. The archive is unavailable at night.
The service has these duties:
- Printing receipts
- Sending reports
Warning - The limit can be exceeded. The sale is posted.
Error - The limit cannot be exceeded. The sale is not posted."""

FAITHFUL = [
    "SpoolFull fires if over 80% of the spool has been used for at least fifteen minutes.",
    "The refund is approved by the supervisor instead of the cashier.",
    "No, rebuild is not available unless the archive key is set.",
    "Acme keeps deleted files for 90 days.",
    "The card is sold at the POS.",
    "The archive is not available at night.",
    "The duties of the service include printing receipts and sending reports.",
    "With Error, the limit can't be exceeded and the sale isn't posted.",
    "A second spool can be added.",
]
UNFAITHFUL = [
    ("SpoolFull fires when less than 80% of the spool is used for 15 minutes or more.", "bound"),
    ("We keep deleted files for ninety (90) hours.", "unit"),
    ("We keep deleted files for 90 weeks.", "unit"),
    ("You must add a second spool.", "stronger"),
    ("All stores use two spools.", "stronger"),
    ("Files can be exported before the day has been closed.", "opposite"),
    ("Rebuild is available unless the archive key is set.", "stronger"),
    ("The cashier, instead of the supervisor, approves the refund.", "swapped"),
    ("The supervisor must block the former cashier's access.", "low_coverage"),
    ("The archive is available at night.", "negation"),
    ("With Error, the limit can be exceeded and the sale is posted.", "low_coverage"),
    ("Files can be exported automatically after the day has been closed.", "low_coverage"),
    ("Files can be exported after the day has been closed, and the manager is notified.", "low_coverage"),
    ("SpoolFull fires when more than 80% of the drawer is used for 15 minutes or more.", "low_coverage"),
]


@pytest.mark.parametrize("sentence", FAITHFUL)
def test_a_careful_paraphrase_is_supported(sentence):
    verdict = check(sentence, [RUNBOOK], about=["Spools at Acme"])
    assert (verdict.supported, verdict.reason) == (True, "covered")


@pytest.mark.parametrize(("sentence", "reason"), UNFAITHFUL)
def test_a_sentence_that_says_something_else_with_the_same_words_is_refused(sentence, reason):
    verdict = check(sentence, [RUNBOOK], about=["Spools at Acme"])
    assert (verdict.supported, verdict.reason) == (False, reason)


def test_the_title_names_what_the_passage_speaks_of_and_proves_nothing_else():
    passage = "No pod of this kind has been ready for 10 minutes."
    claim = "NoReadyPod says that no pod of this kind has been ready for 10 minutes."
    assert not check(claim, [passage]).supported
    assert check(claim, [passage], about=["NoReadyPod"]).supported
    assert not check("The spool is full.", [passage], about=["The spool is full"]).supported


def test_every_attack_of_the_benchmark_finds_its_passage_and_each_kind_has_twenty(shared_data):
    data = shared_data("runbooks").parent
    told = [case for half in ("dev", "locked") for case in cases(data, half, count=1)]
    kinds = Counter(case.kind for case in told)
    assert len({case.passages for case in told}) >= 60
    assert min(kinds.values()) >= 20
    assert kinds[GOOD] >= 240
