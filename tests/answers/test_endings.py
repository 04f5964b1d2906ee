"""What is said where no document speaks."""

from answers.endings import MAX_QUERY, shortened


def test_what_was_taken_out_is_named_by_its_kind() -> None:
    assert shortened("Does <PERSON_4nou3o> have a\n<NATIONAL_ID_0a1b2c>?") == "Does [person] have a [national id]?"


def test_a_long_question_is_cut_at_a_word() -> None:
    line = shortened("word " * 100)
    assert len(line) <= MAX_QUERY + 2
    assert line.endswith("word …")
