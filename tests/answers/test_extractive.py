"""Word-for-word answers."""

from dataclasses import replace
from itertools import accumulate

from answer_worlds import passage

from answers.extractive import extract
from answers.units import UnitKind

STEPS = "Do this on the till:\n1. Stop CorvaneSync.\n2. Delete the lock file.\n3. Start CorvaneSync."


def test_the_best_sentence_comes_alone_when_nothing_else_is_near_it() -> None:
    found = passage("Printers are grey. The warranty is 24 months. Paper is white.", cosines=[0.1, 0.8, 0.1])
    assert [unit.text for unit in extract("How long is the warranty?", [found])] == ["The warranty is 24 months."]


def test_every_unit_quotes_its_passage() -> None:
    passages = [passage(STEPS, score=0.8), passage("A | B\nx | 1 y\n", source="t.md", cosines=[0.9, 0.9])]
    for question in ("How do I restart it?", "what is x"):
        for unit in extract(question, passages):
            assert unit.quote in passages[unit.passages[0]].text


def test_a_how_question_gets_the_whole_procedure() -> None:
    found = passage(STEPS, cosines=[0.5, 0.5, 0.4, 0.3])
    units = list(extract("How do I restart the sync?", [found]))
    assert [unit.kind for unit in units] == [UnitKind.SENTENCE, UnitKind.PROCEDURE]
    assert units[1].text.startswith("1. Stop") and units[1].text.endswith("3. Start CorvaneSync.")


def test_a_step_that_fits_best_brings_its_whole_procedure() -> None:
    found = passage(STEPS, cosines=[0.2, 0.2, 0.9, 0.2])
    assert [u.kind for u in extract("lock file", [found])][-1] is UnitKind.PROCEDURE


def test_a_pronoun_brings_the_sentence_that_it_points_at() -> None:
    found = passage("The agent keeps a lock. It is removed at a clean stop.", cosines=[0.3, 0.9])
    assert [u.text for u in extract("when is the lock removed", [found])] == [
        "The agent keeps a lock.",
        "It is removed at a clean stop.",
    ]


def test_a_table_row_comes_with_its_header() -> None:
    found = passage("Level | Discount\nSilver | 20 %\nGold | 30 % at most", cosines=[0.3, 0.2, 0.9])
    [unit] = extract("gold discount", [found])
    assert unit.text.splitlines() == ["| Level | Discount |", "| --- | --- |", "| Gold | 30 % at most |"]


def test_the_same_sentence_from_two_passages_is_said_once() -> None:
    text = "The warranty is 24 months."
    units = list(extract("warranty", [passage(text), passage(text, source="copy.md")]))
    assert len(units) == 1


def test_headings_and_questions_answer_nothing() -> None:
    assert list(extract("warranty", [passage("What is the warranty?")])) == []


def pieces(*parts: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Joined by line breaks, and where each stands."""
    starts = list(accumulate((len(part) + 1 for part in parts), initial=0))
    return "\n".join(parts), tuple((start, start + len(part)) for start, part in zip(starts, parts, strict=False))


def test_code_stays_within_its_step_and_the_list_goes_on() -> None:
    text, spans = pieces("1. Set the page.", "```\n# a.yaml\npage: 858\n```", "2. Load it.", "```\nload\n```")
    page = replace(passage(text), sentences=spans, sentence_scores=(0.9, 0.1, 0.5, 0.1))
    [unit] = extract("How do I set the code page?", [page])
    assert unit.text.splitlines() == [
        "1. Set the page.", "   ```", "   # a.yaml", "   page: 858", "   ```", "2. Load it.", "   ```", "   load", "   ```",
    ]  # fmt: skip
    assert unit.quote == text


def test_prose_between_steps_stays_below_its_step() -> None:
    text, spans = pieces(
        "1. Find out which store.", "```\nqueue\n```", "One store: its agent is the cause.", "2. Restart it."
    )
    page = replace(passage(text), sentences=spans, sentence_scores=(0.9, 0.1, 0.3, 0.5))
    [unit] = extract("How do I restart the queue?", [page])
    assert unit.text.splitlines()[-3:] == ["   One store: its agent is the cause.", "", "2. Restart it."]


def test_numbered_headings_are_no_steps() -> None:
    text, spans = pieces(
        "1. Scope and warranty", "Tills are covered for 12 months.", "2. Getting a number", "Open a ticket."
    )
    page = replace(passage(text), sentences=spans, sentence_scores=(0.9, 0.6, 0.8, 0.5))
    assert next(unit.text for unit in extract("How do I return a till?", [page])) == "Tills are covered for 12 months."


def test_a_fault_that_is_told_gets_its_steps_and_a_question_about_it_does_not() -> None:
    text, spans = pieces("Points are booked at night.", "1. Look at the queue.", "2. Restart the engine.")
    page = replace(passage(text), sentences=spans, sentence_scores=(0.9, 0.5, 0.5))
    assert list(extract("Points do not show up", [page]))[-1].kind is UnitKind.PROCEDURE
    assert next(extract("Why do points not show up?", [page])).text == "Points are booked at night."


def test_a_question_for_a_value_that_no_passage_states_is_not_answered() -> None:
    page = passage("Seasonal seats last 60 days and carry no discount.")
    assert list(extract("What is the price of a seasonal seat?", [page])) == []
    assert len(list(extract("How long does a seasonal seat last?", [page]))) == 1


def test_a_short_list_is_whole_unless_an_item_is_named() -> None:
    text, spans = pieces("- Silver partners pay 20 % less.", "- Gold partners pay 30 % less.")
    page = replace(passage(text), sentences=spans, sentence_scores=(0.8, 0.4))
    assert len(list(extract("What do partners pay?", [page]))) == 2
    assert [unit.text for unit in extract("What do silver partners pay?", [page])] == [
        "- Silver partners pay 20 % less."
    ]


def test_the_best_document_speaks_first() -> None:
    best, other = (
        passage("The till keeps 35 days.", cosines=[0.6]),
        passage("Returns take 30 days.", source="rma.md", cosines=[0.64]),
    )
    assert next(extract("Until when are receipts kept?", [best, other])).passages == (0,)


def test_a_line_that_announces_code_is_given_with_it() -> None:
    text, spans = pieces("The port is shown by this command:", "```\nnetstat -an\n```", "It has a number.")
    page = replace(passage(text), sentences=spans, sentence_scores=(0.9, 0.1, 0.1))
    lead, code = extract("Where do I see the port?", [page])
    assert (lead.kind, code.kind) == (UnitKind.SENTENCE, UnitKind.CODE)
    assert code.text == "```\nnetstat -an\n```"


def test_a_row_with_an_empty_last_cell_is_a_row() -> None:
    found = passage(
        "code | meaning | runbook\nE1 | Journal is full | \nE2 | No paper | printer.md", cosines=[0.1, 0.9, 0.1]
    )
    [unit] = extract("What does code E1 mean?", [found])
    assert unit.text.splitlines()[-1] == "| E1 | Journal is full |  |"


def test_the_direct_answer_comes_first_and_what_follows_it_runs_on() -> None:
    text = "Tills are grey. A till stores 20,000 receipts. Then it stops selling. Paper is white."
    found = passage(text, cosines=[0.7, 0.8, 0.62, 0.2])
    assert [unit.text for unit in extract("Does a till sell offline?", [found])] == [
        "A till stores 20,000 receipts.",
        "Then it stops selling.",
        "Tills are grey.",
    ]


def test_a_sentence_with_a_figure_is_before_its_like_where_one_is_asked_for() -> None:
    found = passage("Partners are free in their prices. Silver partners get 20 % off.", cosines=[0.62, 0.6])
    assert next(extract("What discount do partners get?", [found])).text == "Silver partners get 20 % off."
    assert next(extract("Do partners get a discount?", [found])).text == "Partners are free in their prices."


def test_a_table_without_the_asked_row_is_whole_and_a_named_row_alone() -> None:
    found = passage("Period | From\nEaster | 18 March\nChristmas | 7 December", cosines=[0.3, 0.8, 0.4])
    [whole] = extract("When is the freeze?", [found])
    assert len(whole.text.splitlines()) == 4
    [named] = extract("When is the Easter freeze?", [found])
    assert named.text.splitlines()[2:] == ["| Easter | 18 March |"]


def test_steps_for_a_fault_that_nobody_named_give_way() -> None:
    fault = replace(passage("1. Ask the finance lead.\n2. Reopen the month.", score=0.8), heading_path=("ERR-6033",))
    close = replace(passage("1. Accrue goods.\n2. Close the month.", score=0.7), heading_path=("Closing day",), id="p2")
    assert list(extract("How do we close the month?", [fault, close]))[-1].text.startswith("1. Accrue")
    assert list(extract("How do we solve ERR-6033?", [fault, close]))[-1].text.startswith("1. Ask")


def test_a_number_of_a_step_is_no_figure() -> None:
    table = passage("Sign | Go to\nlogo is missing | step 5", source="steps.md", cosines=[0.3, 0.6])
    policy = passage("Every device is covered for 24 months.", cosines=[0.68])
    assert next(extract("How long is the warranty?", [table, policy])).text.startswith("Every device")
