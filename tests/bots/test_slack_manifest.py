"""The manifest asks for what the code uses, and the code uses nothing that the manifest does not ask for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bots.slack import interactions, views
from bots.slack.scopes import EVENTS, METHODS, SCOPES

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "bots" / "slack"
METHOD = re.compile(
    r'"((?:agents|assistant|auth|chat|conversations|files|oauth|reactions|team|users|views)\.[A-Za-z0-9.]+)"'
)
HANDLED_TWICE = {"message.channels": "message", "message.groups": "message", "message.im": "message"}


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "slack" / "manifest.yaml").read_text("utf-8"))
    return found


def code() -> str:
    return "\n".join(file.read_text("utf-8") for file in SOURCE.glob("*.py") if file.name != "scopes.py")


def test_scopes_are_those_that_methods_events_and_commands_need(manifest: dict[str, Any]) -> None:
    assert sorted(manifest["oauth_config"]["scopes"]["bot"]) == list(SCOPES)
    assert "user" not in manifest["oauth_config"]["scopes"]


def test_methods_that_the_code_calls_are_those_whose_scopes_are_listed() -> None:
    assert set(METHOD.findall(code())) == set(METHODS)


def test_events_are_those_that_the_code_listens_to(manifest: dict[str, Any]) -> None:
    subscribed = set(manifest["settings"]["event_subscriptions"]["bot_events"])
    assert subscribed == set(EVENTS)
    listened = set(re.findall(r'app\.event\("([a-z_]+)"\)', code()))
    assert {HANDLED_TWICE.get(event, event) for event in subscribed} <= listened


def test_commands_and_shortcuts_are_those_that_the_code_answers(manifest: dict[str, Any]) -> None:
    [command] = manifest["features"]["slash_commands"]
    assert command["command"] == interactions.COMMAND
    shortcuts = {one["callback_id"]: one["type"] for one in manifest["features"]["shortcuts"]}
    wanted = (interactions.ASK, interactions.DRAFT, interactions.SUMMARISE)
    assert shortcuts == dict.fromkeys(wanted, "message")


def test_texts_fit_slacks_limits(manifest: dict[str, Any]) -> None:
    """docs.slack.dev/reference/app-manifest."""
    shown = manifest["display_information"]
    assert len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140
    assert 174 <= len(shown["long_description"]) <= 4000
    features = manifest["features"]
    assert len(features["agent_view"]["agent_description"]) <= 300
    assert all(len(one["name"]) <= 24 and len(one["description"]) <= 150 for one in features["shortcuts"])
    prompts = [one["message"] for one in features["agent_view"]["suggested_prompts"]]
    assert prompts == list(views.DEFAULT_PROMPTS)


def test_every_address_is_the_one_to_replace(manifest: dict[str, Any]) -> None:
    text = (ROOT / "deploy" / "slack" / "manifest.yaml").read_text("utf-8")
    hosts = set(re.findall(r"https://([a-z.]+)/slack", text))
    assert hosts == {"copilot.example.com"}
    assert manifest["oauth_config"]["redirect_urls"] == ["https://copilot.example.com/slack/oauth"]
