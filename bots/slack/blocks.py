"""What Slack shows: an answer with its sources and buttons, and the bot's own sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from slack_sdk.models.blocks import ContextActionsBlock, FeedbackButtonObject, FeedbackButtonsElement

from answers.types import Answer, Citation
from bots.slack.markdown import SECTION_CHARS, escape, is_web, link, sections
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

DISCLOSURE = "Written by an AI assistant. Check the sources before you act on it."
DEGRADED = "The language model is not available, so this answer quotes the documents word for word."
SEARCHING = "Searching the documents …"
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
HANDED_OVER = "This question has been handed over already; its case number stands in the thread."


@dataclass(frozen=True, slots=True)
class Message:
    """`text` is what notifications and screen readers say; `blocks` is what is shown."""

    text: str
    blocks: tuple[Block, ...]


def answer_messages(answer: Answer) -> list[Message]:
    """One message, or several where an answer is longer than Slack takes; the buttons end the last one."""
    cited = answer.citations if answer.outcome is Outcome.ANSWERED else ()
    allowed = frozenset(citation.url for citation in cited if citation.url)
    content = [_section(text) for text in sections(answer.text, allowed=allowed)]
    if cited:
        content.append(_section("*Sources*"))
        content.extend(_section(_source(citation)) for citation in cited)
    groups = list(_packed(content)) or [[]]
    groups[-1].extend(_tail(answer))
    return [Message(_summary(answer, number), tuple(group)) for number, group in enumerate(groups)]


def notice(text: str) -> Message:
    """A sentence of the bot's own; `text` is plain."""
    return Message(escape(text), (_section(escape(text)),))


def apology(code: str, detail: str = "") -> Message:
    """What is said in the place of an answer when something broke; the code is for whoever looks into it."""
    reason = f" {detail[:1].upper()}{detail[1:].rstrip('.')}." if detail else " Something went wrong on my side."
    return notice(f"Sorry, I could not do this.{reason} Please try again in a few minutes (code: {code}).")


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


def _tail(answer: Answer) -> Iterator[Block]:
    if answer.degraded and answer.outcome is Outcome.ANSWERED:
        yield _context(DEGRADED)
    if answer.outcome is not Outcome.ANSWERED and (answer.handoff is None or answer.handoff.offered):
        if answer.handoff is not None:
            yield _section(escape(answer.handoff.message))
        yield _handover_button(answer.answer_id)
    yield _context(DISCLOSURE)
    yield _feedback_buttons(answer.answer_id)


def _packed(blocks: Sequence[Block]) -> Iterator[list[Block]]:
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


def _section(mrkdwn: str) -> Block:
    """`verbatim`: Slack makes no links and no mentions out of plain text."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": mrkdwn, "verbatim": True}, "expand": True}


def _context(text: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}


def _handover_button(answer_id: str) -> Block:
    label = {"type": "plain_text", "text": "Hand over to a person"}
    return {
        "type": "actions",
        "elements": [{"type": "button", "action_id": HANDOVER, "text": label, "value": answer_id, "style": "primary"}],
    }


def _feedback_buttons(answer_id: str) -> Block:
    def button(vote: Vote, text: str, label: str) -> FeedbackButtonObject:
        return FeedbackButtonObject(text=text, value=f"{vote}:{answer_id}", accessibility_label=label)

    element = FeedbackButtonsElement(
        action_id=FEEDBACK,
        positive_button=button(Vote.UP, "Good answer", "This answer helped"),
        negative_button=button(Vote.DOWN, "Bad answer", "This answer did not help"),
    )
    block: Block = ContextActionsBlock(elements=[element]).to_dict()
    return block
