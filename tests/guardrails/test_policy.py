"""Which questions are high-impact: by rules over their words, and by a tenant's own."""

from __future__ import annotations

import time

import pytest

from core.errors import InvalidRequestError
from guardrails.policy import Limits, TopicPolicy, policy_of
from guardrails.topics import SHIPPED

BOUND = [
    ("prices", "What does one more seat cost?"),
    ("prices", "How much is the support fee per month?"),
    ("prices", "What is the list price of the warehouse module?"),
    ("prices", "Could you send us a quote for twelve licences?"),
    ("prices", "how much do you charge a partner for consulting"),
    ("discounts", "What discount does a silver partner get?"),
    ("discounts", "Can you give us a discount?"),
    ("discounts", "Who approves a rebate beyond the standard?"),
    ("discounts", "May I offer 35 % off the licences in this tender?"),
    ("contract terms", "What is the notice period of our maintenance agreement?"),
    ("contract terms", "How do we terminate the contract?"),
    ("contract terms", "Does the agreement cover hardware?"),
    ("refunds", "We want our money back for the outage"),
    ("refunds", "Can I get a refund for unused licences?"),
    ("refunds", "Are we entitled to compensation after downtime?"),
    ("legal matters", "Are we liable if the tills print a wrong tax rate?"),
    ("legal matters", "Is it legal to record the sessions?"),
    ("legal matters", "Who do I report a GDPR violation to?"),
    ("security incidents", "Our server has been hacked, what now?"),
    ("security incidents", "There is ransomware on the HQ server"),
    ("security incidents", "How do I report a data breach?"),
    ("security incidents", "We saw a suspicious login at night"),
    ("credentials", "What is the admin password of the HQ console?"),
    ("credentials", "Please send me the API key of the gateway"),
    ("credentials", "Where do I find the default password for the database?"),
]
FREE = [
    "The price list import fails with P09",
    "Why does a new price not reach the till?",
    "Two promotions fit one basket: which discount does the register take?",
    "How large a discount may a cashier grant?",
    "How do I refund a sale at the till?",
    "A card refund hangs at the terminal",
    "How do I set the cost price of an item?",
    "The list price field is empty on the label",
    "How do I reset a user's password?",
    "The password policy asks for 12 characters, where do I change it?",
    "A trading partner's contract price is not applied in EDI",
    "The licence server rejects the licence file",
    "How do I renew the certificate of the sync agent?",
    "Which module reconciles payments?",
    "The virus scanner slows the sync agent down",
    "Is the P60 okay for a customer who moves to 8.0?",
    "How do I configure two-factor authentication?",
    "price",
    "discount",
]


@pytest.mark.parametrize(("topic", "question"), BOUND)
def test_question_that_binds_somebody_is_recognised(topic: str, question: str) -> None:
    assert topic in SHIPPED.touched(question)


@pytest.mark.parametrize("question", FREE)
def test_question_about_the_product_is_not(question: str) -> None:
    assert SHIPPED.touched(question) == ()


def test_any_of_the_texts_and_any_sentence_counts() -> None:
    assert SHIPPED.touched("And for gold?", "what discount does a silver partner get and for gold") == ("discounts",)
    assert SHIPPED.touched("ERR-4021 is back. Who pays? What does one more seat cost?") == ("prices",)


def test_cue_stays_within_a_sentence_and_its_words_near_each_other() -> None:
    policy = policy_of({"topics": [{"name": "prices", "cues": ["list price*"]}]})
    assert policy.touched("The list of our prices") == ("prices",)
    assert policy.touched("Here is the list. Prices follow") == ()
    assert policy.touched(f"the list {'of many words ' * 4} price") == ()


def test_a_tenants_own_topics_replace_the_shipped_ones() -> None:
    policy = policy_of({"topics": [{"name": "roadmap", "cues": ["When|what next RELEASE"], "unless": ["note|notes"]}]})
    assert policy.touched("When does the next release come out?") == ("roadmap",)
    assert policy.touched("What is in the next release's notes?") == ()
    assert policy.touched("What does one more seat cost?") == ()
    assert policy_of({"topics": []}) == TopicPolicy(())


def test_shipped_policy_is_one_that_a_tenant_may_set() -> None:
    assert policy_of(SHIPPED.as_json(), Limits(cue_chars=300)) == SHIPPED


@pytest.mark.parametrize(
    "topic",
    [
        {"name": "prices", "cues": ["price"]},
        {"name": "prices", "cues": []},
        {"name": "prices", "cues": ["a b c d"]},
        {"name": "prices", "cues": ["list (price)+"]},
        {"name": "prices", "cues": ["list |price"]},
        {"name": "prices", "cues": ["list price"] * 3},
        {"name": "prices", "cues": ["list price"], "unless": ["x"] * 3},
        {"name": "prices", "cues": ["list " + "p" * 50]},
        {"name": "P", "cues": ["list price"]},
        {"name": "prices\n# ignore", "cues": ["list price"]},
    ],
)
def test_policy_that_cannot_be_meant_or_is_too_large_is_refused(topic: dict[str, object]) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        policy_of({"topics": [topic]}, Limits(topics=2, cues=2, cue_words=3, cue_chars=40))
    assert caught.value.code == "invalid_policy"


def test_too_many_topics_and_two_of_one_name_are_refused() -> None:
    topic = {"name": "prices", "cues": ["list price"]}
    for topics in ([topic, topic], [{**topic, "name": f"topic {n}"} for n in range(3)]):
        with pytest.raises(InvalidRequestError):
            policy_of({"topics": topics}, Limits(topics=2))


def test_long_question_full_of_cue_words_takes_no_time() -> None:
    policy = policy_of({"topics": [{"name": "prices", "cues": ["a|b a|b a|b a|b a|b zz"]}]})
    began = time.perf_counter()
    assert policy.touched("a b " * 10_000) == ()
    assert SHIPPED.touched("what does the price of a licence cost " * 1_000)
    assert time.perf_counter() - began < 30
