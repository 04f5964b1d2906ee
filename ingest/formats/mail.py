"""Mails: the subject as title, one line of sender and date, the body; the files attached to it as attachments."""

from __future__ import annotations

import email
import email.policy
import email.utils
import io
import itertools
import mimetypes
from collections.abc import Iterator, Sequence
from datetime import datetime
from email.message import Message
from functools import partial
from pathlib import PurePosixPath
from typing import Protocol

from core.errors import DocumentError
from ingest.formats.elements import Attachment, Element, ElementKind, Parsed, ParseLimits, collapse, unreadable
from ingest.formats.html import html_document
from ingest.formats.plain import decode, plain_elements

_DEEPEST = 30
_WINMAIL = "it is a winmail.dat, Outlook's own container: ask the sender for the mail as HTML or plain text, or save it as .msg"


def parse_eml(data: bytes, limits: ParseLimits) -> Parsed:
    message = email.message_from_bytes(data, policy=email.policy.default)
    if not any(message.get_all(name) for name in ("From", "Subject", "Date", "Received", "To")):
        raise unreadable(
            "the file is named .eml but has no mail's header lines; save the mail again, its header with it"
        )
    if _is_encrypted(message):
        raise _encrypted()
    if next(itertools.islice(message.walk(), limits.max_members, None), None) is not None:
        raise DocumentError(
            f"the mail has more than max_members ({limits.max_members:,}) parts; split it", code="too_large"
        )
    parts = list(_leaves(message))
    bodies = [part for part in parts if _is_body(part)]
    html = [part for part in bodies if part.get_content_type() == "text/html"]
    elements = [element for part in html for element in html_document(_text(part)).elements]
    if not elements:
        plain = [part for part in bodies if part.get_content_type() != "text/html"]
        elements = [element for part in plain for element in plain_elements(_text(part))]
    return _mail(
        subject=_header(message, "Subject"),
        sender=_header(message, "From"),
        sent=_date(_header(message, "Date")),
        body=elements,
        attachments=_attachments([part for part in parts if not _is_body(part) and not _is_decoration(part)]),
    )


def parse_msg(data: bytes, limits: ParseLimits) -> Parsed:
    from oxmsg import Message as OutlookMessage
    from oxmsg.domain.constants import PID_HTML

    message = OutlookMessage.load(io.BytesIO(data))
    if "encrypted" in str(message.message_headers.get("Content-Type", "")):
        raise _encrypted()
    # The vendor decodes HTML by a code page that senders often state wrongly, and fails; the page itself knows better.
    html = message.properties.binary_prop_value(PID_HTML)
    page = decode(html, declared=True) if html else message.html_body or ""
    body = list(html_document(page).elements)
    return _mail(
        subject=message.subject,
        sender=message.sender or "",
        sent=message.sent_date,
        body=body or plain_elements(message.body or ""),
        attachments=[_outlook_attachment(each, n) for n, each in enumerate(message.attachments, start=1)],
    )


def _mail(
    *, subject: str, sender: str, sent: datetime | None, body: list[Element], attachments: Sequence[Attachment]
) -> Parsed:
    title = collapse(subject)
    origin = [f"From: {collapse(sender)}" if sender else "", f"Date: {sent:%Y-%m-%d %H:%M}" if sent else ""]
    line = "\n".join(part for part in origin if part)
    head = [Element(ElementKind.HEADING, title, 1)] if title else []
    head += [Element(ElementKind.PARAGRAPH, line)] if line else []
    # Without a body there is nothing to answer from: a subject alone is no document.
    return Parsed((*head, *body) if body else (), title, attachments=tuple(attachments))


def _attachments(parts: Sequence[Message]) -> list[Attachment]:
    return [Attachment(_name(part, number), partial(_bytes, part)) for number, part in enumerate(parts, start=1)]


def _name(part: Message, number: int) -> str:
    """The file name that the sender gave, else one by the type of its content."""
    if part.get_content_maintype() == "message":
        return f"{_header(_enclosed(part), 'Subject')[:100] or f'message {number}'}.eml"
    try:
        stated = PurePosixPath((part.get_filename() or "").replace("\\", "/")).name
    except (ValueError, LookupError, AttributeError, TypeError):  # a name too broken for the standard library
        stated = ""
    if PurePosixPath(stated).suffix:
        return stated
    return f"{stated or f'attachment {number}'}{mimetypes.guess_extension(part.get_content_type()) or ''}"


def _enclosed(part: Message) -> Message:
    """The mail that a `message/rfc822` part holds."""
    payload = part.get_payload()
    return payload[0] if isinstance(payload, list) and payload and isinstance(payload[0], Message) else part


def _bytes(part: Message) -> bytes:
    if part.get_content_type() in ("application/ms-tnef", "application/vnd.ms-tnef"):
        raise DocumentError(_WINMAIL, code="unreadable_document")
    if part.get_content_maintype() == "message":
        try:
            return _enclosed(part).as_bytes()
        except (ValueError, LookupError, AttributeError, TypeError) as error:
            raise unreadable("it is a mail whose header cannot be read; save it as a file of its own") from error
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


class _OutlookAttachment(Protocol):
    @property
    def file_name(self) -> str | None: ...
    @property
    def file_bytes(self) -> bytes | None: ...


def _outlook_attachment(attachment: _OutlookAttachment, number: int) -> Attachment:
    def read() -> bytes:
        if attachment.file_bytes is None:
            raise unreadable("it is an item of Outlook, not a file: save it as .msg and ingest that")
        return attachment.file_bytes

    return Attachment(attachment.file_name or f"attachment {number}", read)


def _is_encrypted(message: Message) -> bool:
    kind = message.get_content_type()
    if kind == "multipart/encrypted":
        return True
    return (
        kind in ("application/pkcs7-mime", "application/x-pkcs7-mime")
        and message.get_param("smime-type") != "signed-data"
    )


def _encrypted() -> DocumentError:
    return DocumentError("the mail is encrypted: save a readable copy", code="encrypted")


def _leaves(message: Message, depth: int = 0) -> Iterator[Message]:
    """Parts without parts of their own; a forwarded mail counts as one, an attachment."""
    payload = message.get_payload()
    if message.get_content_maintype() != "multipart" or not isinstance(payload, list) or depth > _DEEPEST:
        yield message
        return
    for part in payload:
        if isinstance(part, Message):
            yield from _leaves(part, depth + 1)


def _is_body(part: Message) -> bool:
    """A part of text that is no attachment, or the words of a mail whose parts cannot be told apart."""
    if part.get_content_maintype() == "multipart":
        return not part.is_multipart()
    return part.get_content_maintype() == "text" and part.get_content_disposition() != "attachment"


def _is_decoration(part: Message) -> bool:
    """A picture that the body shows: a logo, a signature."""
    shown = part.get("Content-ID") is not None or part.get_content_disposition() == "inline"
    return shown and part.get_content_maintype() == "image"


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else str(part.get_payload()).encode("utf-8", "replace")
    try:
        return data.decode(part.get_content_charset() or "utf-8")
    except (LookupError, UnicodeDecodeError):
        return decode(data, declared=True)


def _header(message: Message, name: str) -> str:
    """A header decoded; of one too broken for the standard library, nothing."""
    try:
        return str(message[name] or "")
    except (ValueError, LookupError, AttributeError, TypeError):
        return ""


def _date(text: str) -> datetime | None:
    try:
        return email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
