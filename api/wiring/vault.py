"""What may be restored, put together from the settings."""

from __future__ import annotations

from answers.restorable import answer_parts, case_parts
from api.store import Store
from guardrails.restoring import Restorer
from ingest.restorable import document_parts


def make_restorer(store: Store) -> Restorer:
    find = {"document": document_parts, "answer": answer_parts, "case": case_parts}
    return Restorer(store.database, store.vault, find, max_chars=store.settings.vault.max_text_chars)
