"""Every word that the widget says stands in every language, with the plural forms that the language has."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from answers.handoff import OFFER
from answers.words import ANGRY_OFFER
from api.widget.theme import LOCALES

API = Path(__file__).parents[3] / "api"
PLURALS = {"de": ("one", "other"), "fr": ("one", "other"), "es": ("one", "other"), "pt": ("one", "other")} | {
    "ar": ("zero", "one", "two", "few", "many", "other")
}
"""CLDR's categories of cardinal numbers, without `many` of the Romance languages: millions."""

_TEXT = r'"((?:[^"\\]|\\.)*)"'
_CALL = re.compile(rf"(?<![\w.])(?:t|button)\(\s*{_TEXT}")
_PLURAL = re.compile(rf"\btn\([^,]+, {_TEXT}, {_TEXT}\)")
_TABLE = re.compile(r"const (?:OUTCOMES|STAGES|REASONS|TYPES|STATUSES) = \{(.*?)\n?\};", re.S)
_NOTICE = re.compile(rf"\b(?:title|advice): {_TEXT}")
_CONSTANT = re.compile(rf"const INCOMPLETE = {_TEXT}")
_FACT = re.compile(rf"^    \[{_TEXT}, ", re.M)
_ELSE = re.compile(rf"\?\? {_TEXT}\)")


def sources() -> str:
    files = [*(API / "chat").glob("*.js"), *(API / "widget" / "static").glob("*.js")]
    return "\n".join(f.read_text("utf-8") for f in files if f.name not in ("chat.js", "preview.js", "loader.js"))


def said() -> tuple[set[str], set[str]]:
    """Texts, and texts with a count."""
    text = sources()
    tables = "\n".join(_TABLE.findall(text))
    found = [*_CALL.findall(text), *_NOTICE.findall(text), *_CONSTANT.findall(text), *_FACT.findall(text)]
    found += re.findall(rf":\s+{_TEXT},?", re.sub(r"glyph: \"\w+\",", "", tables)) + _ELSE.findall(text)
    found += [OFFER.message, ANGRY_OFFER]  # the service's own words for it
    return {one for one in found if one.strip()}, {other for _, other in _PLURAL.findall(text)}


def locale(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((API / "chat" / "locales" / f"{name}.json").read_text("utf-8"))
    return found


def test_the_check_sees_what_the_widget_says() -> None:
    texts, counted = said()
    assert {
        "Copy",
        "Searching the documents…",
        "Outdated",
        "Runbook",
        "You stopped this answer",
        "In effect since",
    } <= texts
    assert "{n} sources." in counted
    assert len(texts) > 80


@pytest.mark.parametrize("name", [one for one in LOCALES if one != "en"])
def test_no_key_is_missing_and_none_is_left_over(name: str) -> None:
    texts, counted = said()
    found = locale(name)
    assert texts | counted == found.keys(), {
        "missing": sorted((texts | counted) - found.keys()),
        "left over": sorted(found.keys() - texts - counted),
    }
    for key in counted:
        assert found[key].keys() == set(PLURALS[name])
    for key in texts:
        assert set(re.findall(r"\{\w+\}", found[key])) == set(re.findall(r"\{\w+\}", key)), key
        assert found[key].strip()
