"""A tiny data folder in the form of the public ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

AX_PAGES = {
    "tills.md": "# Tills\n\nA till that was cloned shows ERR-4021. Upload its receipts before you re-seed it.\n",
    "scales.md": "# Scales\n\nScales receive their price list at half past five every morning.\n",
    "warranty.md": "# Warranty\n\nReceipt printers carry a warranty of thirty-six months from delivery.\n",
}
AX_QUESTIONS = [
    ("ax-1", "What must be uploaded before a till with ERR-4021 is re-seeded?", "tills.md", "Upload its receipts."),
    ("ax-2", "When do scales receive their price list?", "scales.md", "At half past five every [morning](scales.md)."),
    ("ax-3", "How long is the warranty on receipt printers?", "warranty.md", "Thirty-six months from delivery."),
]
WITHHELD = ["warranty.md"]

CLOUD_PASSAGES = {
    "doc/1:2": ("Cloudant", "\nIBM Cloudant stores JSON documents of up to one megabyte.\n"),
    "doc/3:4": ("", "Backups of Cloudant are taken with couchbackup every night."),
}
FIRST, SECOND, THANKS, LOST = (
    "Does IBM Cloudant store JSON documents?",
    "And how are its backups taken?",
    "Thank you!",
    "What does the canteen serve on Fridays?",
)


def write_data(folder: Path) -> Path:
    """`folder`, with both sets below it."""
    ax, cloud = folder / "ax2012", folder / "mtrag_cloud"
    (ax / "pages").mkdir(parents=True)
    cloud.mkdir()
    for name, text in AX_PAGES.items():
        (ax / "pages" / name).write_text(text, "utf-8")
    (ax / "withheld_dev.json").write_text(json.dumps({"pages": WITHHELD}), "utf-8")
    _write(ax / "questions_dev.jsonl", [_ax(*row) for row in AX_QUESTIONS])
    _write(
        cloud / "corpus.jsonl",
        [{"id": i, "title": title, "text": text} for i, (title, text) in CLOUD_PASSAGES.items()],
    )
    said = [("user", FIRST), ("agent", "Yes, up to one megabyte."), ("user", SECOND), ("agent", "Every night.")]
    _write(
        cloud / "questions_dev.jsonl",
        [
            _cloud("c1", FIRST, FIRST, [], True, ["doc/1:2"], "Yes, JSON documents."),
            _cloud("c2", SECOND, "How are backups of IBM Cloudant taken?", said[:2], True, ["doc/3:4"], "With couchbackup."),
            _cloud("c3", THANKS, THANKS, said, None, [], "You are welcome."),
            _cloud("c4", LOST, LOST, said, False, [], "I do not know."),
            _cloud("c5", "And how many?", "", said, False, [], "I do not know."),
        ],
    )  # fmt: skip
    return folder


def _ax(row_id: str, question: str, page: str, answer: str) -> dict[str, Any]:
    return {
        "id": row_id,
        "question": question,
        "answers": [answer],
        "gold_pages": [page],
        "unanswerable_when_withheld": page in WITHHELD,
    }


def _cloud(
    row_id: str, question: str, alone: str, said: list[tuple[str, str]], answerable: bool | None, gold: list[str], answer: str
) -> dict[str, Any]:  # fmt: skip
    return {
        "id": row_id,
        "question": question,
        "standalone": alone,
        "history": [{"role": role, "text": text} for role, text in said],
        "answers": [answer],
        "gold_doc_ids": gold,
        "answerable": answerable,
        "conversation": "8",
    }


def _write(file: Path, rows: list[dict[str, Any]]) -> None:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
