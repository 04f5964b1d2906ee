"""What Slack shows: an answer with its sources and buttons, and the bot's own sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from slack_sdk.models.blocks import ContextActionsBlock, FeedbackButtonObject, FeedbackButtonsElement

from answers.types import Answer, Citation
from bots.slack.markdown import SECTION_CHARS, escape, is_web, link, sections
from bots.slack.words import ENGLISH, Words
from core.domain import Outcome, Vote

Block = Mapping[str, object]

MESSAGE_CHARS = 11_000
"""Slack refuses whole messages from about 13,200 characters on (`msg_blocks_too_long`, slackapi/bolt-js#2509)."""
MESSAGE_BLOCKS = 45
"""Slack refuses more than 50."""
QUOTE_CHARS = 240
SUMMARY_CHARS = 300

FEEDBACK = "copilot_feedback"
HANDOVER = "copilot_handover"

SHARE = "copilot_share"
PRIVATE = "copilot_private"

DISCLOSURE = ENGLISH.disclosure
DEGRADED = ENGLISH.degraded
SEARCHING = ENGLISH.searching
EMPTY = "Ask me a question, and I will look for the answer in your documents."
OUTSIDE = (
    "I do not answer in channels shared with other organisations (Slack Connect), nor people from outside this "
    "workspace. Please ask me in an internal channel or in a direct message."
)
UNMAPPED = (
    "This Slack workspace is not connected to a knowledge base yet, so I cannot answer here. "
    "Please ask your administrator to connect it."
)
THANKS = "Thank you. Your feedback is recorded."
NOT_ASKED = "Only some people may ask me in this channel. Write to me directly instead."
NOTHING_MORE = "I could not share this: the answer is not yours, or is not there any more."
HANDED_OVER = "This question has been handed over already; its case number stands in the thread."


@dataclass(frozen=True, slots=True)
class Message:
    """`text` is what notifications and screen readers say; `blocks` is what is shown."""

    text: str
    blocks: tuple[Block, ...]


def answer_messages(answer: Answer, words: Words = ENGLISH, *, aside: bool = False, head: str = "") -> list[Message]:
    """One message, or several where an answer is longer than Slack takes; the buttons end the last one.

    `aside`: only the asker sees it, and can share it. `head` is mrkdwn that stands above.
    """
    cited = answer.citations if answer.outcome is Outcome.ANSWERED else ()
    allowed = frozenset(citation.url for citation in cited if citation.url)
    content = [context(head)] if head else []
    content.extend(section(text) for text in sections(answer.text, allowed=allowed))
    if cited:
        content.append(section(f"*{words.sources}*"))
        content.extend(section(_source(citation)) for citation in cited)
    groups = list(packed(content)) or [[]]
    groups[-1].extend(_tail(answer, words, aside=aside))
    return [Message(_summary(answer, number), tuple(group)) for number, group in enumerate(groups)]


def notice(text: str) -> Message:
    """A sentence of the bot's own; `text` is plain."""
    return Message(escape(text), (section(escape(text)),))


def note(mrkdwn: str) -> Message:
    """A sentence of the bot's own with marks and mentions in it; whatever it quotes is escaped already."""
    return Message(mrkdwn, (section(mrkdwn),))


def apology(code: str, detail: str = "") -> Message:
    """What is said in the place of an answer when something broke; the code is for whoever looks into it."""
    reason = f" {detail[:1].upper()}{detail[1:].rstrip('.')}." if detail else " Something went wrong on my side."
    return notice(f"Sorry, I could not do this.{reason} Please try again in a few minutes (code: {code}).")


def more_in_private(answer_id: str) -> Message:
    """Offered to one person, where others read along."""
    said = "Others read along here, so I kept to what everyone may see. You may be able to see more."
    offer = _actions(button(PRIVATE, "Ask in private", answer_id))
    return Message(said, (section(said), offer))


def case_opened(case_id: str) -> Message:
    return notice(f"Handed over to a person: case {case_id}. You will be answered here or by the support team.")


def _source(citation: Citation) -> str:
    title = " ".join((citation.title or citation.source).split())
    shown = link(citation.url, title) if citation.url and is_web(citation.url) else escape(title[:300])
    place = " › ".join(" ".join(part.split()) for part in citation.heading_path)[:200]
    version = f" · version {citation.version}"[:80] if citation.version else ""
    page = f" · page {citation.page}" if citation.page else ""
    head = f"*[{citation.n}]* {shown}" + escape(f" › {place}" if place else "") + escape(version + page)
    quote = " ".join(citation.quote.split())
    short = quote if len(quote) <= QUOTE_CHARS else quote[:QUOTE_CHARS].rsplit(" ", 1)[0] + " …"
    text = f"{head}\n&gt; {escape(short)}" if short else head
    return text if len(text) <= SECTION_CHARS else f"*[{citation.n}]* {escape(title[:300])}"


def _tail(answer: Answer, words: Words, *, aside: bool) -> Iterator[Block]:
    if answer.degraded and answer.outcome is Outcome.ANSWERED:
        yield context(words.degraded)
    if answer.outcome is not Outcome.ANSWERED and (answer.handoff is None or answer.handoff.offered):
        if answer.handoff is not None:
            yield section(escape(answer.handoff.message))
        yield _actions(button(HANDOVER, words.hand_over, answer.answer_id, primary=True))
    if aside and answer.outcome is Outcome.ANSWERED:
        yield _actions(button(SHARE, words.share, answer.answer_id))
    yield context(words.disclosure)
    yield _feedback_buttons(answer.answer_id, words)


def packed(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    group: list[Block] = []
    chars = 0
    for block in blocks:
        size = len(str(block))
        if group and (chars + size > MESSAGE_CHARS or len(group) == MESSAGE_BLOCKS):
            yield group
            group, chars = [], 0
        group.append(block)
        chars += size
    if group:
        yield group


def _summary(answer: Answer, number: int) -> str:
    text = " ".join(answer.text.replace("://", ":\u200b//").split())
    short = text if len(text) <= SUMMARY_CHARS else text[:SUMMARY_CHARS] + " …"
    return escape(short) if number == 0 else "(continued)"


def section(mrkdwn: str) -> Block:
    """`verbatim`: Slack makes no links and no mentions out of plain text."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": mrkdwn, "verbatim": True}, "expand": True}


def context(text: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}


def button(action_id: str, label: str, value: str, *, primary: bool = False) -> Block:
    """`label` has at most 75 characters, `value` 2,000."""
    style = {"style": "primary"} if primary else {}
    return {"type": "button", "action_id": action_id, "text": plain_text(label), "value": value, **style}


def plain_text(text: str) -> Mapping[str, object]:
    return {"type": "plain_text", "text": text}


def _actions(*elements: Block) -> Block:
    return {"type": "actions", "elements": list(elements)}


def _feedback_buttons(answer_id: str, words: Words) -> Block:
    def button(vote: Vote, text: str, label: str) -> FeedbackButtonObject:
        return FeedbackButtonObject(text=text, value=f"{vote}:{answer_id}", accessibility_label=label)

    element = FeedbackButtonsElement(
        action_id=FEEDBACK,
        positive_button=button(Vote.UP, words.good, "This answer helped"),
        negative_button=button(Vote.DOWN, words.bad, "This answer did not help"),
    )
    block: Block = ContextActionsBlock(elements=[element]).to_dict()
    return block
