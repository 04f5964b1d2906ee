"""What the widget weighs: a partner's page pays for the loader at once, a visitor who opens the chat for the panel."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

API = Path(__file__).parents[3] / "api"
LOADER_BUDGET, PANEL_BUDGET = 3 * 1024, 45 * 1024
"""Bytes, gzip."""
IMPORT = re.compile(r'(?:from|import|import\()\s*"(/(?:chat|widget)/[^"]+)"')
SHEET = re.compile(r'"(/(?:chat|widget/v1/static)/[\w.-]+\.(?:css|svg))"')


def _file(address: str) -> Path:
    return API / address.lstrip("/").replace("widget/v1/static", "widget/static")


def _loaded(address: str, found: set[str]) -> set[str]:
    """The addresses that a script brings with it, itself included."""
    if address in found:
        return found
    found.add(address)
    if address.endswith(".js"):
        text = _file(address).read_text("utf-8")
        for other in (*IMPORT.findall(text), *SHEET.findall(text)):
            _loaded(other, found)
    return found


def _packed(addresses: set[str]) -> int:
    return sum(len(gzip.compress(_file(address).read_bytes(), 9)) for address in addresses)


def test_the_bundles_stay_within_their_budgets(capsys: pytest.CaptureFixture[str]) -> None:
    panel = _loaded("/widget/v1/static/frame.js", {"/widget/v1/static/frame.css"})
    assert {"/widget/v1/static/panel.js", "/chat/turn.js", "/chat/chat.css", "/chat/sse.js"} <= panel
    assert not {"/chat/chat.js", "/widget/v1/static/preview.js"} & panel
    largest = max(_packed({f"/chat/locales/{file.name}"}) for file in (API / "chat" / "locales").iterdir())
    loader_size, panel_size = _packed({"/widget/v1/static/loader.js"}), _packed(panel) + largest
    with capsys.disabled():
        print(f"\nloader {loader_size:,} bytes of {LOADER_BUDGET:,}; panel {panel_size:,} of {PANEL_BUDGET:,} (gzip)")
    assert loader_size <= LOADER_BUDGET
    assert panel_size <= PANEL_BUDGET
