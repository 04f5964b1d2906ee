"""Cases by e-mail: one plain text when a case is opened, one when nobody took it in time."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import format_datetime

from answers.case_notices import CaseEvent, Letter
from core.errors import UnavailableError
from core.models import now
from core.settings import CaseSettings, SMTPSecurity

_TOLD = (CaseEvent.OPENED, CaseEvent.OVERDUE)


class MailCourier:
    """Hands letters to the operator's mail server; its acceptance is the acknowledgement."""

    def __init__(self, settings: CaseSettings) -> None:
        self._settings = settings

    async def deliver(self, letter: Letter) -> str | None:
        if letter.event not in _TOLD:
            return None
        try:
            await asyncio.to_thread(self._send, message(letter, sender=self._settings.smtp_from))
        except (smtplib.SMTPException, OSError) as fault:
            raise UnavailableError(
                f"the mail server did not take the message ({type(fault).__name__})", code="mail_failed"
            ) from None
        return None

    def _send(self, sent: EmailMessage) -> None:
        given = self._settings
        secure = given.smtp_security
        timeout = given.smtp_timeout_s
        host = given.smtp_host or ""
        context = ssl.create_default_context() if secure is not SMTPSecurity.NONE else None
        server = (
            smtplib.SMTP_SSL(host, given.smtp_port, timeout=timeout, context=context)
            if secure is SMTPSecurity.TLS
            else smtplib.SMTP(host, given.smtp_port, timeout=timeout)
        )
        with server:
            if secure is SMTPSecurity.STARTTLS:
                server.starttls(context=context)
            if given.smtp_user and given.smtp_password:
                server.login(given.smtp_user, given.smtp_password.get_secret_value())
            server.send_message(sent)


def message(letter: Letter, *, sender: str) -> EmailMessage:
    """Plain text: nothing in it acts. `Message-ID` is the same in every attempt, so that mail programs show one."""
    case = letter.case
    late = "Nobody has taken it yet: " if letter.event is CaseEvent.OVERDUE else ""
    sent = EmailMessage()
    sent["From"], sent["To"] = sender, letter.target
    sent["Subject"] = _line(f"{late}[{case.case_id}] {case.severity}: {case.question}")[:200]
    sent["Date"] = format_datetime(now())
    sent["Message-ID"] = f"<{letter.id}@{sender.rpartition('@')[2] or 'localhost'}>"
    sent.set_content("\n".join(_text(letter)))
    return sent


def _text(letter: Letter) -> Iterator[str]:
    case, packet = letter.case, letter.case.packet
    yield f"Case {case.case_id}, severity {case.severity}, {case.status}. Asked by {case.asked_by}."
    if case.due_at:
        yield f"To be taken by {case.due_at:%Y-%m-%d %H:%M} UTC."
    yield f"\nQuestion: {case.question}"
    if case.note:
        yield f"Note: {case.note}"
    for tried in packet.get("tried", ()):
        yield f"\nTried ({tried['outcome']}, confidence {tried['confidence']:.2f}): {tried['question']}\n{tried['text']}"
    for cited in packet.get("cited", ()):
        yield f"\nCited: {cited['title']} ({cited.get('url') or cited['source']})\n> {cited['quote']}"
    for missing in packet.get("missing", ()):
        yield f"\nMissing: {missing['question']} (nearest: {'; '.join(missing['closest']) or 'nothing'})"
    known = {name: value for name, value in packet.get("environment", {}).items() if value not in (None, "")}
    yield "\nEnvironment: " + ", ".join(f"{name} {value}" for name, value in known.items())


def _line(text: str) -> str:
    """A header's value: no line breaks, so that no text of a case becomes another header."""
    return " ".join(text.split())
