"""Files that mean harm, or that nobody can use: made in memory, and named for what they do."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from email.message import EmailMessage

from ingest_files import compound_file, docx, eml, msg, pdf, pptx, xlsx, zipped

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 11))
DOCTYPE = f'<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]>'
FOREIGN = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
MB = 1_000_000


def with_part(office: bytes, name: str, part: str | bytes) -> bytes:
    """An office file with one of its parts exchanged."""
    with zipfile.ZipFile(io.BytesIO(office)) as archive:
        parts = {member: archive.read(member) for member in archive.namelist()}
    return zipped({**parts, name: part.encode() if isinstance(part, str) else part})


def word(body: str, doctype: str = "") -> bytes:
    xml = f'<?xml version="1.0"?>{doctype}<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>'
    return with_part(docx(), "word/document.xml", xml)


def said(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def sheet(rows: str, doctype: str = "", dimension: str = "A1") -> bytes:
    xml = (
        f'<?xml version="1.0"?>{doctype}<worksheet xmlns="{SHEET}"><dimension ref="{dimension}"/>'
        f"<sheetData>{rows}</sheetData></worksheet>"
    )
    return with_part(xlsx(), "xl/worksheets/sheet1.xml", xml)


def cell(reference: str, text: str) -> str:
    return f'<c r="{reference}" t="inlineStr"><is><t>{text}</t></is></c>'


def raw_pdf(*objects: bytes) -> bytes:
    """A PDF of these objects, numbered from 1; the first is the catalog."""
    out = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start)
    return bytes(out)


def stream(data: bytes, entries: bytes = b"") -> bytes:
    return b"<</Length %d%s>>stream\n%s\nendstream" % (len(data), entries, data)


CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"
ONE_PAGE = b"<</Type/Pages/Count 1/Kids[3 0 R]>>"
FONT = b"<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>"

OWN = b"/Resources<</XObject<</X 5 0 R>>>>"
"""Resources of a form that draws itself."""


def deflated(size: int) -> bytes:
    """`size` zero bytes, deflated: one megabyte packed apart from the rest, as often as it takes."""
    packer = zlib.compressobj(9)
    head = packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(MB)) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + block * (size // MB) + packer.flush()


def pages_by_reference(levels: int) -> bytes:
    """10^levels pages in a dozen objects: each node of the tree names the next one ten times."""
    nodes = [
        b"<</Type/Pages/Count %d/Kids[%s]>>" % (10 ** (levels - n), b" ".join([b"%d 0 R" % (n + 3)] * 10))
        for n in range(levels)
    ]
    page = b"<</Type/Page/MediaBox[0 0 99 99]/Parent 2 0 R>>"
    return raw_pdf(CATALOG, *nodes, page)


def drawn_by(*objects: bytes, resources: bytes = FONT + b">>") -> bytes:
    """A page whose content is object 4, the first of `objects`."""
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources%s>>" % resources
    return raw_pdf(CATALOG, ONE_PAGE, page, *objects)


def nested_zips(depth: int, branches: int, name: str = "in.zip") -> bytes:
    data = zipped({"a.txt": b"bottom " * 1_000})
    for _ in range(depth):
        data = zipped({f"{n}{name}": data for n in range(branches)})
    return data


def overlapping_zip(members: int) -> bytes:
    """A central directory that names one compressed member many times."""
    data = zipped({"a.txt": bytes(MB)})
    start = data.index(b"PK\x01\x02")
    entry = data[start : data.index(b"PK\x05\x06")]
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, members, members, len(entry) * members, start, 0)
    return data[:start] + entry * members + end


def lying_zip() -> bytes:
    """A member that says it has ten bytes and unpacks to fifty million."""
    data = bytearray(zipped({"a.txt": b"x" * 50 * MB}))
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = data.index(mark) + offset
        data[at : at + 4] = struct.pack("<I", 10)
    return bytes(data)


def encrypted_zip(data: bytes) -> bytes:
    """`data` with the bit that says so set in each local and central header."""
    out = bytearray(data)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = 0
        while (start := data.find(mark, start)) >= 0:
            out[start + offset] |= 1
            start += 4
    return bytes(out)


def zip_of_links() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        link = zipfile.ZipInfo("passwd.txt")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("kept.txt", "Kept words.")
    return packed.getvalue()


def encrypted_pdf() -> bytes:
    import pypdf

    writer = pypdf.PdfWriter(io.BytesIO(pdf([[(60, 700, 11, "secret")]])))
    writer.encrypt("secret", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def nested_mail(depth: int) -> bytes:
    lines = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(depth))
    return f"From: a@b.example\nSubject: deep\nMIME-Version: 1.0\n{lines}\nbottom\n".encode()


def crowded_mail(parts: int) -> bytes:
    message = EmailMessage()
    message["Subject"] = "crowd"
    message.set_content("Hello.")
    message.make_mixed()
    part = b"--%s\nContent-Type: text/plain\nContent-Disposition: attachment; filename=a.txt\n\nword\n"
    whole = message.as_bytes()
    boundary = message.get_boundary() or ""
    if not boundary:
        whole = whole.replace(b"multipart/mixed", b'multipart/mixed; boundary="b"', 1)
    mark = message.get_boundary() or "b"
    return (
        whole.rpartition(b"--" + mark.encode() + b"--")[0]
        + part % mark.encode() * parts
        + b"--"
        + mark.encode()
        + b"--\n"
    )


def circular_compound_file() -> bytes:
    """A FAT whose chains lead back to their beginning."""
    data = bytearray(msg())
    data[512 : 512 + 64] = struct.pack("<16I", *[1] * 16)
    return bytes(data)


def repeated_string() -> bytes:
    """A hundred thousand cells that show one string of 33,000 characters."""
    rows = "".join(f"<row r='{n}'><c r='A{n}' t='s'><v>0</v></c></row>" for n in range(1, 100_000))
    types = zipfile.ZipFile(io.BytesIO(xlsx())).read("[Content_Types].xml").decode()
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    part = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
    data = with_part(sheet(rows), "[Content_Types].xml", types.replace("</Types>", part))
    strings = f"<sst xmlns='{SHEET}'><si><t>{'long words ' * 3_000}</t></si></sst>"
    return with_part(data, "xl/sharedStrings.xml", strings)


ALIASES = "a0: &a0 [ha, ha]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10))
LIES = (
    "---\ntitle: The lie\naudience: everybody\ndoc_type: gospel\nversions: '>=9 <8'\neffective_from: 2026-05-01\n"
    "effective_to: 2020-01-01\nreview_by: someday\nurl: javascript:alert(1)\n---\nThe lie about the till.\n"
)

BOMBS: dict[str, Callable[[], bytes]] = {
    # Archives
    "flat.zip": lambda: zipped({"a.txt": bytes(150 * MB)}),
    "flat.docx": lambda: with_part(docx(), "word/media/a.bin", bytes(150 * MB)),
    "flat.xlsx": lambda: with_part(xlsx(), "xl/media/a.bin", bytes(150 * MB)),
    "flat.pptx": lambda: with_part(pptx(), "ppt/media/a.bin", bytes(150 * MB)),
    "nested.zip": lambda: nested_zips(40, 1),
    "branching.zip": lambda: nested_zips(3, 20),
    "overlapping.zip": lambda: overlapping_zip(500),
    "lying.zip": lying_zip,
    "crowded.zip": lambda: zipped({f"{n}.txt": b"" for n in range(30_000)}),
    "traversal.zip": lambda: zipped({"../../up.txt": b"up", "/abs.txt": b"abs", "C:\\win.txt": b"win", "in.txt": b"Kept words."}),
    "links.zip": zip_of_links,
    "under-password.zip": lambda: encrypted_zip(zipped({"a.txt": b"secret"})),
    # XML
    "laughs.docx": lambda: word(said("&l10;"), DOCTYPE),
    "laughs.xlsx": lambda: sheet(f"<row r='1'>{cell('A1', '&l10;')}</row>", DOCTYPE),
    "laughs.pptx": lambda: with_part(pptx(), "ppt/presentation.xml", f"{DOCTYPE}<x>&l10;</x>"),
    "laughs-core.docx": lambda: with_part(docx(), "docProps/core.xml", f"{DOCTYPE}<x>&l10;</x>"),
    "laughs-styles.docx": lambda: with_part(docx(), "word/styles.xml", f"{DOCTYPE}<x>&l10;</x>"),
    "laughs.html": f"{DOCTYPE}<p>&l10; words".encode,
    "laughs.svg": f"{DOCTYPE}<svg>&l10;</svg>".encode,
    "foreign.docx": lambda: word(said("&f; words"), FOREIGN),
    "foreign.xlsx": lambda: sheet(f"<row r='1'>{cell('A1', '&f;')}</row>", FOREIGN),
    "deep.docx": lambda: word("<w:sdt><w:sdtContent>" * 100_000 + said("x") + "</w:sdtContent></w:sdt>" * 100_000),
    "deep-tables.docx": lambda: word("<w:tbl><w:tr><w:tc>" * 5_000 + said("x") + "</w:tc></w:tr></w:tbl>" * 5_000),
    "many-paragraphs.docx": lambda: word(said("word") * 200_000),
    "wide-table.docx": lambda: word(
        "<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val='1000000000'/></w:tcPr><w:p/></w:tc>" + "<w:tc><w:p/></w:tc></w:tr></w:tbl>"
    ),
    # Sheets
    "huge-dimension.xlsx": lambda: sheet(f"<row r='1'>{cell('A1', 'Kept words.')}</row>", "", "A1:XFD1048576"),
    "far-corner.xlsx": lambda: sheet(f"<row r='1048576'>{cell('XFD1048576', 'far')}</row>"),
    "wide-rows.xlsx": lambda: sheet("".join(f"<row r='{n}'>{cell(f'XFD{n}', 'x')}</row>" for n in range(1, 5_000))),
    "repeated-string.xlsx": repeated_string,
    "merged.xlsx": lambda: with_part(
        xlsx(), "xl/worksheets/sheet1.xml",
        f"<worksheet xmlns='{SHEET}'><sheetData><row r='1'>{cell('A1', 'x' * 1_000)}</row></sheetData><mergeCells>"
        + "<mergeCell ref='A1:XFD1048576'/>" * 50_000 + "</mergeCells></worksheet>"),
    "commas.csv": lambda: b"," * 40 * MB,
    "quotes.csv": lambda: b'"' * 9 * MB,
    "open-quote.csv": lambda: b'a,"b\n' + b"row,row\n" * 500_000,
    # PDF
    "hundred-thousand-pages.pdf": lambda: pages_by_reference(5),
    "billion-pages.pdf": lambda: pages_by_reference(9),
    "own-child.pdf": lambda: raw_pdf(CATALOG, b"<</Type/Pages/Count 3/Kids[2 0 R 2 0 R 2 0 R]>>"),
    "own-form.pdf": lambda: drawn_by(
        stream(b"/X Do"), stream(b"/X Do BT /F1 9 Tf (words) Tj ET", b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]" + OWN),
        resources=OWN.removeprefix(b"/Resources")),
    "deflated.pdf": lambda: drawn_by(stream(deflated(4_000 * MB), b"/Filter/FlateDecode")),
    "twice-deflated.pdf": lambda: drawn_by(
        stream(zlib.compress(deflated(8_000 * MB)), b"/Filter[/FlateDecode/FlateDecode]")),
    "deep-array.pdf": lambda: drawn_by(stream(b"[" * MB + b"]" * MB)),
    "many-words.pdf": lambda: drawn_by(stream(b"BT /F1 9 Tf " + b"1 0 0 1 50 700 Tm (word) Tj " * 300_000 + b"ET")),
    "looping-xref.pdf": lambda: pdf([[(60, 700, 11, "Words.")]]).replace(b"/Root 1 0 R", b"/Root 1 0 R/Prev 9"),
    "under-password.pdf": encrypted_pdf,
    # Text
    "deep.html": lambda: b"<div>" * 300_000 + b"x",
    "deep-lists.html": lambda: b"<ul><li>" * 20_000 + b"x",
    "spans.html": lambda: b"<table>" + b"<tr><td rowspan=100 colspan=100>x</td><td>y</td></tr>" * 30_000 + b"</table>",
    "brackets.html": lambda: b"<" * 5 * MB,
    "attributes.html": lambda: b"<p " + b"".join(b"a%d=1 " % n for n in range(300_000)) + b">words</p>",
    "quotes.md": lambda: b">" * 100_000 + b" x",
    "lists.md": lambda: "".join("  " * n + "- x\n" for n in range(2_000)).encode(),
    "brackets.md": lambda: b"[" * 200_000 + b"x",
    "emphasis.md": lambda: b"*a_ " * 100_000,
    "backticks.md": lambda: b"".join(b"`" * n + b" " for n in range(2_000)),
    "links.md": lambda: b"[a](" * 50_000,
    "fences.md": lambda: b"```\n- x\n" * 50_000,
    "admonitions.md": lambda: b"!!! note\n::: tip\n" * 50_000,
    "table.md": lambda: b"|" * 20_000 + b"\n" + b"|-" * 20_000 + b"|\n" + b"|" * 200_000,
    "entities.md": lambda: b"&amp;" * 1_000_000,
    "aliases.md": f"---\n{ALIASES}doc_type: *a9\naudience: *a9\n---\nwords".encode,
    "aliases.zip": lambda: zipped({"a.md": f"---\n{ALIASES}doc_type: *a9\n---\nwords".encode()}),
    "deep-front-matter.md": lambda: b"---\na: " + b"[" * 60_000 + b"\n---\nwords",
    "one-line.txt": lambda: b"a" * 9 * MB,
    "one-line.md": lambda: b"word " * MB,
    "letters.txt": lambda: "ﷺ".encode() * MB,
    "deep.json": lambda: b"[" * MB + b"]" * MB,
    "keys.json": lambda: b"{" + b",".join(b'"k%d":{"a":1}' % n for n in range(200_000)) + b"}",
    "columns.jsonl": lambda: b"\n".join(b'{"k%d":1}' % (n % 40) for n in range(200_000)),
    "digits.json": lambda: b'{"a":' + b"9" * MB + b"}",
    # Mail
    "deep.eml": lambda: nested_mail(5_000),
    "crowded.eml": lambda: crowded_mail(30_000),
    "long-header.eml": lambda: b"Subject: " + b"=?utf-8?q?a?= " * 200_000 + b"\n\nwords",
    "addresses.eml": lambda: b"Subject: x\nFrom: " + b"(" * 200_000 + b"\n\nwords",
    "circular.msg": circular_compound_file,
    # What nobody can use, or that says something else
    "under-password.docx": lambda: compound_file({"EncryptionInfo": b"x" * 80, "EncryptedPackage": b"y" * 400}),
    "macros.docm": lambda: with_part(docx(), "word/vbaProject.bin", b"Sub AutoOpen()"),
    "wrong-encoding.md": lambda: b"# Gr\xf6\xdfe\n\n\xff\xfe\x81 words \xe2\x82",
    "utf-16-without-mark.txt": lambda: "Words in two bytes each.".encode("utf-16-le"),
    "lies.md": LIES.encode,
    "unknown.xyz": lambda: b"what is this",
    "no-extension": lambda: b"what is this",
    "empty.md": lambda: b"",
    "picture.md": lambda: b"\x89PNG\r\n\x1a\n" + bytes(400),
    "executable.pdf": lambda: b"MZ\x90\0" + bytes(400),
}  # fmt: skip


def truncated() -> Iterator[tuple[str, bytes]]:
    """Whole files of each kind, cut in the middle and shortly before their end."""
    whole = {
        "docx": docx(), "pptx": pptx(), "xlsx": xlsx(), "msg": msg(), "eml": eml(html=True),
        "zip": zipped({"a.md": b"words " * 50}),
        "pdf": pdf([[(60, 700, 11, "Words of a page.")]] * 3), "json": b'{"a": [1, 2, {"b": "words"}]}', "csv": b'a,b\n"c,d\n',
        "html": b"<table><tr><td>words<td>", "md": b"---\ntitle: cut",
    }  # fmt: skip
    for suffix, data in whole.items():
        for share in (50, 97):
            yield f"cut-{share}.{suffix}", data[: len(data) * share // 100]
