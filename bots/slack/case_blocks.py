"""A case as Slack shows it: in the escalation channel with its evidence, a clock and buttons; to whoever asked in a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import assert_never

from answers.case_notices import CaseEvent
from answers.case_views import CaseStatus, CaseView, Severity
from bots.slack.blocks import Block, Message, button, context, packed, section
from bots.slack.cases import Place
from bots.slack.markdown import SECTION_CHARS, escape, link, split

CLAIM, RESOLVE, HAND_BACK = "copilot_case_claim", "copilot_case_resolve", "copilot_case_hand_back"

_MARK = {
    Severity.LOW: ":white_circle:",
    Severity.NORMAL: ":large_blue_circle:",
    Severity.HIGH: ":large_orange_circle:",
    Severity.URGENT: ":red_circle:",
}


def case_message(case: CaseView, place: Place | None) -> Message:
    """One message: what does not fit under Slack's limits stands in the case itself."""
    content = [section(piece) for text in _evidence(case) for piece in split(text)]
    fitting = next(packed([section(_head(case, place)), *content]))
    blocks = [*fitting, context(_clock(case)), *_buttons(case)]
    return Message(escape(f"{case.case_id} ({case.severity}): {_short(case.question, 200)}"), tuple(blocks))


def told_asker(case: CaseView, event: CaseEvent) -> str:
    """mrkdwn, for the thread in which the case was opened."""
    match event:
        case CaseEvent.CLAIMED:
            return f"*{case.case_id}*: {person(case.owner)} has taken this. I am silent in this thread until it is handed back."
        case CaseEvent.HANDED_BACK:
            return f"*{case.case_id}* is open again and waits for a person. I answer here again meanwhile."
        case CaseEvent.RESOLVED:
            said = f"\n&gt; {escape(_short(case.resolution, 1000))}" if case.resolution else ""
            return f"*{case.case_id}* is resolved by {person(case.owner)}.{said}"
        case CaseEvent.OVERDUE | CaseEvent.OPENED:
            return f"*{case.case_id}* is open."
        case _ as unknown:
            assert_never(unknown)


def person(principal_id: str | None) -> str:
    """A Slack user as a mention, anybody else as what they are."""
    channel, _, rest = (principal_id or "").partition(":")
    user = rest.rpartition(":")[2]
    if channel == "slack" and user.isalnum():
        return f"<@{user}>"
    return "a colleague" if principal_id else "nobody"


def _head(case: CaseView, place: Place | None) -> str:
    owner = f" · {person(case.owner)}" if case.owner else ""
    where = f" · {link(_address(place), 'open the thread')}" if place else ""
    note = f"\n_{escape(_short(case.note, 600))}_" if case.note else ""
    head = f"{_MARK[case.severity]} *{case.case_id}* · {case.severity} · *{case.status}*{owner}{where}"
    return f"{head}\n{escape(_short(case.question, 1200))}\nAsked by {person(case.asked_by)}{note}"[:SECTION_CHARS]


def _address(place: Place) -> str:
    return f"https://slack.com/app_redirect?team={place.team_id}&channel={place.channel}&message_ts={place.thread_ts}"


def _clock(case: CaseView) -> str:
    parts = [f"Opened {_date(case.opened_at)}"]
    if case.status is CaseStatus.OPEN and case.due_at:
        parts.append(f":alarm_clock: to be taken by {_date(case.due_at)}")
    if case.claimed_at:
        parts.append(f"taken {_date(case.claimed_at)}")
    if case.resolved_at:
        parts.append(f"resolved {_date(case.resolved_at)}")
    return " · ".join(parts)


def _date(at: datetime) -> str:
    """In each reader's own time zone (docs.slack.dev/messaging/formatting-message-text#date-formatting)."""
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|{at:%Y-%m-%d %H:%M} UTC>"


def _evidence(case: CaseView) -> Iterator[str]:
    packet = case.packet
    for tried in packet.get("tried", ())[-3:]:
        head = f"*Tried* ({escape(str(tried['outcome']))}, confidence {float(tried['confidence']):.2f})"
        yield f"{head}: {escape(_short(tried['question'], 300))}\n&gt; {escape(_short(tried['text'], 700))}"
    if cited := packet.get("cited", ()):
        yield "*Cited*\n" + "\n".join(f"• {_cited(one)}" for one in cited[:8])
    if missing := packet.get("missing", ()):
        yield "*Missing*\n" + "\n".join(f"• {_missing(one)}" for one in missing[:5])
    known = {name: value for name, value in packet.get("environment", {}).items() if value not in (None, "", False)}
    if known:
        yield "*Environment* " + escape(", ".join(f"{name} {value}" for name, value in known.items()))


def _cited(one: Mapping[str, object]) -> str:
    title, url = _short(str(one["title"]), 150), one.get("url")
    return link(str(url), title) if url else escape(title)


def _missing(one: Mapping[str, object]) -> str:
    closest = one.get("closest") or ()
    nearest = "; ".join(map(str, closest)) if isinstance(closest, list | tuple) else ""
    return escape(_short(str(one["question"]), 300) + (f" (nearest: {_short(nearest, 300)})" if nearest else ""))


def _buttons(case: CaseView) -> Iterator[Block]:
    match case.status:
        case CaseStatus.OPEN:
            elements = [button(CLAIM, "Claim", case.case_id, primary=True), button(RESOLVE, "Resolve", case.case_id)]
        case CaseStatus.CLAIMED:
            elements = [
                button(RESOLVE, "Resolve", case.case_id, primary=True),
                button(HAND_BACK, "Hand back", case.case_id),
            ]
        case CaseStatus.RESOLVED:
            return
        case _ as unknown:
            assert_never(unknown)
    yield {"type": "actions", "elements": elements}


def _short(text: str | None, most: int) -> str:
    words = " ".join((text or "").split())
    return words if len(words) <= most else words[: most - 2] + " …"
