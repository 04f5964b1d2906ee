"""What a unit must pass before it leaves."""

from collections.abc import Iterator

import pytest
from answer_worlds import BrokenRedactor, NameRedactor, passage

from answers.checks import CheckedUnit, UnitChecker, joined
from answers.units import Unit, UnitKind
from core.domain import Passage, RedactionProfile
from guardrails.guards import GuardError, Guards

SERVICE = passage(
    "Restart the service CorvaneSync on the till. It listens on port 7443.", url="https://docs.corvane.example/sync"
)
WARRANTY = passage("The warranty of receipt printers is 24 months.", source="policies/rma.md")
PROFILE = RedactionProfile(key=b"k" * 32)


@pytest.fixture
def guards() -> Iterator[Guards]:
    with Guards(NameRedactor()) as opened:
        yield opened


def checker(guards: Guards, *passages: Passage) -> UnitChecker:
    return UnitChecker(passages=passages or (SERVICE, WARRANTY), guards=guards, profile=PROFILE)


def said(text: str, kind: UnitKind = UnitKind.SENTENCE) -> Unit:
    return Unit(text, kind)


async def test_a_supported_sentence_is_sent_with_its_citation(guards: Guards) -> None:
    sent = await checker(guards).check(said("Restart the service CorvaneSync on the till [1]."))
    assert sent is not None
    assert sent.text == "Restart the service CorvaneSync on the till. [1]"
    assert [c.source for c in sent.citations] == ["runbooks/a.md"]
    assert sent.citations[0].quote in SERVICE.text


@pytest.mark.parametrize(
    "sentence",
    [
        "It listens on port 7444 [1].",
        "The service must never be restarted on the till [1].",
        "Reinstall Windows and format the disk [1].",
        "The warranty of receipt printers is 36 months [2].",
    ],
)
async def test_an_unsupported_sentence_is_dropped_and_recorded(guards: Guards, sentence: str) -> None:
    made = checker(guards)
    assert await made.check(said(sentence)) is None
    assert made.citations.used == ()
    assert [verdict.sent for verdict in made.verdicts] == [False]


async def test_a_sentence_that_cites_the_wrong_passage_is_dropped(guards: Guards) -> None:
    assert await checker(guards).check(said("The warranty of receipt printers is 24 months [1].")) is None


async def test_a_citation_that_was_never_given_counts_for_nothing(guards: Guards) -> None:
    sent = await checker(guards).check(said("The warranty of receipt printers is 24 months [9]."))
    assert sent is not None
    assert [(c.n, c.source) for c in sent.citations] == [(1, "policies/rma.md")]


async def test_sources_are_numbered_in_the_order_of_their_use(guards: Guards) -> None:
    made = checker(guards)
    first = await made.check(said("The warranty of receipt printers is 24 months [2]."))
    second = await made.check(said("Restart the service CorvaneSync on the till [1]."))
    again = await made.check(said("The service listens on port 7443 [1]."))
    assert first and second and again
    assert first.text.endswith("[1]") and second.text.endswith("[2]") and again.text.endswith("[2]")
    assert again.citations == ()


async def test_one_bad_step_drops_the_whole_procedure(guards: Guards) -> None:
    good = "1. Restart the service CorvaneSync on the till [1].\n2. It listens on port 7443 [1]."
    bad = good + "\n3. Delete the database [1]."
    assert await checker(guards).check(said(good, UnitKind.PROCEDURE)) is not None
    assert await checker(guards).check(said(bad, UnitKind.PROCEDURE)) is None


async def test_personal_data_that_a_model_writes_is_replaced(guards: Guards) -> None:
    source = passage("Ann Alder restarts the service on Monday.")
    sent = await checker(guards, source).check(said("Ann Alder restarts the service on Monday [1]."))
    assert sent is not None
    assert "Ann Alder" not in sent.text


async def test_links_and_markup_do_not_leave(guards: Guards) -> None:
    source = passage("See [the guide](https://evil.example/x) <img src=x> and <script>alert(1)</script> now please.")
    sent = await checker(guards, source).check(Unit(source.text, UnitKind.SENTENCE, (0,), source.text))
    assert sent is not None
    assert "evil.example" not in sent.text
    assert "<script" not in sent.text and "<img" not in sent.text


async def test_a_blank_to_fill_in_stays_readable(guards: Guards) -> None:
    source = passage("Run close -Store <store number> -Cause <code> in the shell.")
    sent = await checker(guards, source).check(Unit(source.text, UnitKind.SENTENCE, (0,), source.text))
    assert sent is not None
    assert "`<store number>`" in sent.text and "`<code>`" in sent.text


async def test_brackets_in_an_extract_are_not_taken_for_citations(guards: Guards) -> None:
    source = passage("The array holds item[3] and nothing else.")
    sent = await checker(guards, source).check(Unit(source.text, UnitKind.SENTENCE, (0,), source.text))
    assert sent is not None
    assert sent.text == "The array holds item(3) and nothing else. [1]"


async def test_an_extract_whose_quote_is_not_in_its_passage_is_dropped(guards: Guards) -> None:
    assert await checker(guards).check(Unit("Made up.", UnitKind.SENTENCE, (0,), "Made up.")) is None


async def test_a_broken_redactor_lets_no_generated_text_out() -> None:
    with Guards(BrokenRedactor()) as guards, pytest.raises(GuardError):
        await checker(guards).check(said("Restart the service CorvaneSync on the till [1]."))


def test_sentences_stand_side_by_side_and_items_below_each_other() -> None:
    units = [
        CheckedUnit("One. [1]", UnitKind.SENTENCE, ()),
        CheckedUnit("Two. [1]", UnitKind.SENTENCE, ()),
        CheckedUnit("- a [1]", UnitKind.ITEM, ()),
        CheckedUnit("- b [1]", UnitKind.ITEM, ()),
    ]
    assert joined(units) == "One. [1] Two. [1]\n\n- a [1]\n- b [1]"
