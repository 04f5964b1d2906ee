from __future__ import annotations

from dataclasses import replace
from email.message import EmailMessage

import pytest
from ingest_files import LIMITS, code_of, docx, eml, msg, pdf, read, texts, xlsx, zipped

from ingest.formats.elements import ElementKind, Parsed


def mail(
    *files: tuple[str, bytes], subject: str = "Gift cards", body: str = "Hello,\n\nplease see below."
) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Zoë Lind <zoe@example.org>"
    message["Subject"] = subject
    message["Date"] = "Thu, 27 Aug 2026 10:42:00 +0200"
    message.set_content(body)
    for name, data in files:
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return message


def headings(parsed: Parsed) -> list[tuple[int, str]]:
    return [(element.level, element.text) for element in parsed.elements if element.kind is ElementKind.HEADING]


def test_attachments_are_read_each_below_its_name() -> None:
    scan = pdf([[(60, 700, 11, "Terms of the page.")]])
    message = mail(
        ("steps.docx", docx()), ("stores.xlsx", xlsx()), ("terms.pdf", scan), ("notes.md", b"# Notes\n\nOnly here.")
    )
    parsed = read(message.as_bytes(), "a.eml")
    assert headings(parsed) == [
        (1, "Gift cards"), (2, "steps.docx"), (3, "Printer runbook"), (4, "Steps"), (2, "stores.xlsx"), (4, "Stores"),
        (2, "terms.pdf"), (2, "notes.md"), (3, "Notes"),
    ]  # fmt: skip
    assert {"1. Open the lid.", "Terms of the page.", "Only here."} <= set(texts(parsed))
    assert parsed.warnings == ("attachment 2 (.xlsx): a hidden sheet was left out",)


def test_forwarded_mail_is_read_with_what_is_attached_to_it() -> None:
    inner = mail(("list.csv", b"Code,Meaning\nE1,Jam\n"), subject="The inner one", body="Deep down.")
    outer = mail(subject="FW")
    outer.add_attachment(inner)
    found = texts(read(outer.as_bytes(), "a.eml"))
    assert {"The inner one.eml", "Deep down.", "list.csv", "Code | Meaning\nE1 | Jam"} <= set(found)


def test_mails_in_each_other_end_at_the_limit_with_a_warning() -> None:
    message = mail(body="innermost words")
    for number in range(6):
        outer = mail(body=f"body {number}")
        outer.add_attachment(message)
        message = outer
    parsed = read(message.as_bytes(), "a.eml")
    assert "innermost words" not in texts(parsed)
    assert any("max_depth" in warning for warning in parsed.warnings)
    deep = read(message.as_bytes(), "a.eml", replace(LIMITS, max_depth=10))
    assert "innermost words" in texts(deep)


def test_attachments_together_are_limited() -> None:
    message = mail(*((f"{n}.txt", b"word " * 100) for n in range(10))).as_bytes()
    assert code_of(message, "a.eml", replace(LIMITS, max_members=9)) == "too_large"
    assert code_of(message, "a.eml", replace(LIMITS, max_unpacked_bytes=4_000)) == "too_large"
    assert code_of(message, "a.eml", replace(LIMITS, max_characters=4_000)) == "too_large"


def test_attachment_that_cannot_be_read_is_a_warning_and_the_mail_is_kept() -> None:
    message = mail(("broken.docx", b"no zip"), ("tool.exe", b"MZ\x90"), ("Zoe Lind.pdf", b"%PDF-1.7 cut"))
    parsed = read(message.as_bytes(), "a.eml")
    assert "please see below." in texts(parsed)
    assert len(parsed.warnings) == 3
    assert "1 × .exe" in parsed.warnings[-1]
    assert not any("Zoe" in warning for warning in parsed.warnings)


def test_attachment_with_an_audience_of_its_own_is_not_mixed_into_the_mail() -> None:
    message = mail(("secret.md", b"---\naudience: agent\n---\nThe margin is 40 %."))
    parsed = read(message.as_bytes(), "a.eml")
    assert not any("margin" in text for text in texts(parsed))
    assert "ingest it as a file of its own" in parsed.warnings[0]


def test_picture_of_a_signature_is_no_attachment() -> None:
    message = EmailMessage()
    message["Subject"] = "Logo"
    message.set_content("<p>Hello <img src='cid:a'></p>", subtype="html")
    message.add_related(b"\x89PNG", "image", "png", cid="<a>")
    assert read(message.as_bytes(), "a.eml").warnings == ()


def test_archive_in_a_mail_is_opened() -> None:
    message = mail(("all.zip", zipped({"inner/a.md": b"From the archive."})))
    found = read(message.as_bytes(), "a.eml")
    assert "From the archive." in texts(found)
    assert (4, "inner/a.md") in headings(found)


@pytest.mark.parametrize("kind", ["multipart/mixed", "multipart/alternative;", 'multipart/mixed; boundary="ELSEWHERE"'])
def test_mail_whose_parts_cannot_be_told_apart_keeps_its_words(kind: str) -> None:
    data = f"From: a@b.example\nSubject: S\nMIME-Version: 1.0\nContent-Type: {kind}\n\nThe words of it.\n".encode()
    assert "The words of it." in texts(read(data, "a.eml"))


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "windows-1252", "koi8-r"])
def test_body_in_its_charset(charset: str) -> None:
    words = "Размер" if charset == "koi8-r" else "Größe egal"
    message = EmailMessage()
    message["Subject"] = "S"
    message.set_content(words, charset=charset, cte="base64")
    assert words in texts(read(message.as_bytes(), "a.eml"))


@pytest.mark.parametrize("charset", ["us-ascii", "x-unknown", "utf-8"])
def test_wrong_charset_of_a_body_does_not_lose_it(charset: str) -> None:
    head = f"Subject: S\nContent-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: 8bit\n\n"
    assert "Größe" in texts(read(head.encode() + "Größe".encode("cp1252"), "a.eml"))


def test_outlook_message_has_a_date_a_sender_and_no_name_in_a_warning() -> None:
    parsed = read(msg(), "a.msg")
    assert parsed.title == "Gift cards"
    assert parsed.warnings == ()


def test_mail_without_a_body_is_no_document() -> None:
    message = EmailMessage()
    message["Subject"] = "Nothing"
    assert code_of(message.as_bytes(), "a.eml") == "no_text"


def test_damaged_mail_is_read_or_refused() -> None:
    data = eml(html=True)
    for cut in range(1, len(data), 37):
        try:
            read(data[:cut], "a.eml")
        except Exception as error:
            assert type(error).__name__ == "DocumentError"  # noqa: PT017
