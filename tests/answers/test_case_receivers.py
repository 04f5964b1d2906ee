"""Cases by webhook and by mail, to real servers on the loopback."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import textwrap
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from answers.case_mail import MailCourier
from answers.case_notices import CaseEvent, Letter
from answers.case_views import CaseStatus, CaseView, Severity
from answers.case_webhook import WebhookCourier
from core.errors import CopilotError, DocumentError
from core.settings import CaseSettings, SMTPSecurity

QUESTION = "how do I reset a till?\r\nBcc: all@example.com"
PACKET = {
    "question": QUESTION,
    "tried": [{"outcome": "abstained", "confidence": 0.2, "question": QUESTION, "text": "I do not know."}],
    "cited": [{"title": "Till", "url": None, "source": "till.md", "quote": "Restart it."}],
    "missing": [{"question": QUESTION, "closest": ["Till offline"]}],
    "environment": {"channel": "slack", "release": 3, "product": None},
}


def letter(target: str, event: CaseEvent = CaseEvent.OPENED, **changes: Any) -> Letter:
    at = datetime(2026, 11, 20, 12, tzinfo=UTC)
    case = CaseView(
        case_id="C-7",
        status=CaseStatus.OPEN,
        severity=Severity.HIGH,
        question=QUESTION,
        asked_by="slack:T0:U0",
        owner=None,
        note=None,
        resolution=None,
        packet=PACKET,
        opened_at=at,
        due_at=at,
        claimed_at=None,
        resolved_at=None,
        contact="+1 555 0199",
    )
    return Letter("n" * 32, event, "t", "row", case, target, changes.get("secret", b"s3cret"), None)


@dataclass
class Desk:
    """A receiver of webhooks."""

    status: int = 204
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0

    async def take(self, request: web.Request) -> web.Response:
        self.received.append(({name.lower(): value for name, value in request.headers.items()}, await request.read()))
        return web.Response(status=self.status, headers={"location": "/elsewhere"} if self.status == 302 else {})


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    found = Desk()
    app = web.Application()
    app.add_routes([web.post("/{path:.*}", found.take)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.port = runner.addresses[0][1]
    yield found
    await runner.cleanup()


async def loopback(_host: str, _port: int | None) -> Sequence[str]:
    return ["127.0.0.1"]


def courier(desk: Desk, *, vet: Any = loopback, plain: Sequence[str] | None = None) -> WebhookCourier:
    hosts = [f"desk.example:{desk.port}"] if plain is None else plain
    return WebhookCourier(CaseSettings(webhook_timeout_s=2.0), vet, plain_hosts=hosts)


async def test_webhook_is_signed_over_its_id_time_and_body(desk: Desk) -> None:
    await courier(desk).deliver(letter(f"http://desk.example:{desk.port}/cases?x=1"))
    [(headers, body)] = desk.received
    stamp, said = headers["webhook-timestamp"], f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode()
    expected = base64.b64encode(hmac.new(b"s3cret", said + body, sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["webhook-id"] == "n" * 32
    assert abs(time.time() - int(stamp)) < 60
    assert headers["host"] == f"desk.example:{desk.port}"
    told = json.loads(body)
    assert (told["type"], told["case"]["case_id"], told["case"]["severity"]) == ("case.opened", "C-7", "high")
    assert told["case"]["packet"]["missing"][0]["closest"] == ["Till offline"]


async def test_receiver_of_the_documentation_knows_a_genuine_letter(desk: Desk) -> None:
    """The example of docs/cases.md, as it stands there."""
    text = (Path(__file__).parents[2] / "docs" / "cases.md").read_text("utf-8")
    example = text[text.index("    import base64, hmac, time") : text.index("They are called over https")]
    known: dict[str, Any] = {}
    exec(textwrap.dedent(example), known)
    await courier(desk).deliver(letter(f"http://desk.example:{desk.port}/"))
    [(headers, body)] = desk.received
    printed = "whsec_" + base64.b64encode(b"s3cret").decode()
    assert known["genuine"](printed, headers, body)
    assert not known["genuine"](printed, headers, body + b" ")
    assert not known["genuine"]("whsec_" + base64.b64encode(b"other").decode(), headers, body)
    assert not known["genuine"](printed, headers | {"webhook-timestamp": "1700000000"}, body)


@pytest.mark.parametrize("status", [301, 302, 400, 404, 410, 429, 500, 503])
async def test_webhook_that_does_not_say_yes_has_not_acknowledged(desk: Desk, status: int) -> None:
    desk.status = status
    with pytest.raises(CopilotError) as refused:
        await courier(desk).deliver(letter(f"http://desk.example:{desk.port}/"))
    assert refused.value.code == "webhook_refused"
    assert len(desk.received) == 1, "a redirect is not followed"


async def test_webhook_without_tls_is_for_listed_hosts_alone(desk: Desk) -> None:
    with pytest.raises(CopilotError) as refused:
        await courier(desk, plain=()).deliver(letter(f"http://desk.example:{desk.port}/"))
    assert refused.value.code == "webhook_not_https"
    assert desk.received == []


async def test_webhook_into_the_operators_network_is_never_called(desk: Desk) -> None:
    async def private(_host: str, _port: int | None) -> Sequence[str]:
        raise DocumentError("no public address", code="address_not_allowed")

    with pytest.raises(CopilotError) as refused:
        await courier(desk, vet=private).deliver(letter(f"http://desk.example:{desk.port}/"))
    assert refused.value.code == "address_not_allowed"
    assert desk.received == []


async def test_webhook_that_is_away_is_a_fault_that_may_pass(desk: Desk) -> None:
    with pytest.raises(CopilotError) as refused:
        await courier(desk, plain=["desk.example:1"]).deliver(letter("http://desk.example:1/"))
    assert refused.value.code == "webhook_failed"


@dataclass
class Mailbox:
    """A mail server that takes everything, or refuses recipients."""

    refuses: bool = False
    mails: list[tuple[str, bytes]] = field(default_factory=list)
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example\r\n")
        recipient = ""
        while line := (await reader.readline()).decode().strip():
            command = line.upper()
            answer = b"250 ok\r\n"
            if command.startswith("RCPT"):
                recipient = line.partition("<")[2].rstrip(">")
                answer = b"550 no\r\n" if self.refuses else answer
            elif command == "DATA":
                writer.write(b"354 go on\r\n")
                raw = await reader.readuntil(b"\r\n.\r\n")
                self.mails.append((recipient, raw.removesuffix(b"\r\n.\r\n")))
            elif command == "QUIT":
                writer.write(b"221 bye\r\n")
                break
            writer.write(answer)
        writer.close()


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    found = Mailbox()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    yield found
    server.close()
    await server.wait_closed()


def mailer(mailbox: Mailbox) -> MailCourier:
    return MailCourier(
        CaseSettings(
            smtp_host="127.0.0.1",
            smtp_port=mailbox.port,
            smtp_security=SMTPSecurity.NONE,
            smtp_from="copilot@example.com",
            smtp_timeout_s=5.0,
        )
    )


async def test_mail_tells_the_case_and_its_evidence_and_no_contact(mailbox: Mailbox) -> None:
    await mailer(mailbox).deliver(letter("desk@example.com"))
    [(recipient, raw)] = mailbox.mails
    mail = message_from_bytes(raw, policy=policy.default)
    assert (recipient, mail["To"], mail["From"]) == ("desk@example.com", "desk@example.com", "copilot@example.com")
    assert mail["Subject"].startswith("[C-7] high: how do I reset a till?")
    assert mail["Message-ID"] == f"<{'n' * 32}@example.com>"
    text = mail.get_content()
    for said in ("I do not know.", "Restart it.", "nearest: Till offline", "release 3"):
        assert said in text
    assert "0199" not in text


async def test_question_makes_no_header_of_its_own(mailbox: Mailbox) -> None:
    await mailer(mailbox).deliver(letter("desk@example.com"))
    mail = message_from_bytes(mailbox.mails[0][1], policy=policy.default)
    assert mail["Bcc"] is None


@pytest.mark.parametrize(
    ("event", "mails"), [(CaseEvent.OPENED, 1), (CaseEvent.OVERDUE, 1), (CaseEvent.CLAIMED, 0), (CaseEvent.RESOLVED, 0)]
)
async def test_mail_comes_when_somebody_must_act(mailbox: Mailbox, event: CaseEvent, mails: int) -> None:
    await mailer(mailbox).deliver(letter("desk@example.com", event))
    assert len(mailbox.mails) == mails


async def test_mail_that_the_server_refuses_is_not_acknowledged(mailbox: Mailbox) -> None:
    mailbox.refuses = True
    with pytest.raises(CopilotError) as refused:
        await mailer(mailbox).deliver(letter("desk@example.com"))
    assert refused.value.code == "mail_failed"
