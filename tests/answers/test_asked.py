import pytest

from answers.asked import favoured, value_asked


@pytest.mark.parametrize(
    ("question", "name", "stated", "unstated"),
    [
        ("Which port does the agent use?", "port", "It listens on 8443.", "It listens behind the firewall."),
        ("price of a seasonal seat", "price", "A seat costs 12 EUR.", "A seat lasts 60 days."),
        (
            "what do we pay for a late return",
            "price",
            "The fee is waived: there is no charge.",
            "Return it in ten days.",
        ),
        ("What discount do partners get?", "percentage", "Silver partners pay 20 % less.", "Partners get a discount."),
        ("what is the phone number of the desk", "telephone number", "Call +44 555 0142.", "Call the desk."),
        ("How long is a coupon valid?", "time span", "It is valid for 30 days.", "It can be used once."),
        ("P1 response time?", "time span", "P1: within 30 minutes.", "P1 is a total loss."),
        (
            "At what time does the batch start?",
            "time of day",
            "The batch starts at 23:30.",
            "The batch starts at night.",
        ),
        ("Since when is it mandatory?", "date", "It is mandatory from 1 March 2026.", "It is mandatory."),
        ("in which release was this fixed", "version", "Fixed in 7.3.", "This was fixed."),
        ("How many tills fit?", "number", "There is no limit.", "Tills fit in the rack."),
    ],
)
def test_what_is_asked_for_is_known_and_looked_for(question: str, name: str, stated: str, unstated: str) -> None:
    value = value_asked(question)
    assert value is not None and value.name == name
    assert value.states.search(stated)
    assert not value.states.search(unstated)


@pytest.mark.parametrize(
    "question", ["How do I restart the agent?", "Can I change the price list?", "What do the counters charge?"]
)
def test_most_questions_ask_for_no_value(question: str) -> None:
    assert value_asked(question) is None


def test_figures_are_favoured_where_a_moment_or_an_amount_is_asked_for() -> None:
    pattern = favoured("When does the batch run?")
    assert pattern is not None and pattern.search("It runs at midnight.") and not pattern.search("It runs again.")
    assert favoured("How do I run it?") is None
