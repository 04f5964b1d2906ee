"""The docs' own lines are run: the signing backends in Python and Node, and the theme."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import textwrap
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from widget_service import WidgetService

DOCS = Path(__file__).parents[3] / "docs"
pytestmark = pytest.mark.slow


def _blocks(page: str) -> list[str]:
    """The indented blocks of a page."""
    text = (DOCS / page).read_text("utf-8")
    found = re.findall(r"(?:^(?: {4}.*)?\n)+", text, re.M)
    return [textwrap.dedent(block).strip("\n") for block in found if block.strip()]


def _block(page: str, mark: str) -> str:
    [found] = [block for block in _blocks(page) if mark in block]
    return found


def _key(service: WidgetService) -> dict[str, Any]:
    return service.new_key(service.widget, issuer="portal.stitchwell.example")


def test_the_python_backend_of_the_docs_signs_what_is_accepted(roomy: WidgetService) -> None:
    key = _key(roomy)
    names = {"WIDGET_ID": roomy.widget, "SECRET": key["secret"], "KID": key["kid"]}
    exec(_block("widget.md", "def copilot_token"), names)
    sign: Any = names["copilot_token"]
    tokens = [sign(SimpleNamespace(pseudonym="u-17")) for _ in range(2)]
    visits = [roomy.visit(token=token) for token in tokens]
    assert [visit["audience"] for visit in visits] == ["partner", "partner"]
    assert visits[0]["visitor"] == visits[1]["visitor"]


def test_the_node_backend_of_the_docs_signs_what_is_accepted(roomy: WidgetService) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on PATH")
    key = _key(roomy)
    names = {"WIDGET_ID": roomy.widget, "SECRET": key["secret"], "KID": key["kid"]}
    head = "".join(f"const {name} = {json.dumps(value)};\n" for name, value in names.items())
    script = head + _block("widget.md", "function copilotToken") + '\nconsole.log(copilotToken({pseudonym: "u-18"}));'
    token = subprocess.run([node, "-e", script], capture_output=True, check=True, text=True).stdout.strip()
    assert roomy.visit(token=token)["identified"] is True


def test_the_theme_of_the_docs_is_taken_and_the_yellow_one_refused_as_they_say(roomy: WidgetService) -> None:
    theme = json.loads(_block("white-label.md", '"name": "Stitchwell Help"'))
    with roomy.api(roomy.admin) as api:
        assert api.post("/v1/widgets/theme", json={"theme": theme}).status_code == 200
        yellow = api.post("/v1/widgets/theme", json={"theme": {"light": {"accent": "#ffd200"}}}).json()
    said = _block("white-label.md", "[theme_contrast]")
    assert said == f"error: {yellow['detail']} [{yellow['code']}]"


def test_every_setting_field_and_picture_of_the_docs_exists() -> None:
    from api.widget.theme import LENGTHS, Theme
    from core.settings import WidgetSettings

    fields = set(re.findall(r"^\| `(\w+)`(?:, `(\w+)`)? \|", (DOCS / "white-label.md").read_text("utf-8"), re.M))
    named = {name for pair in fields for name in pair if name}
    assert named == set(Theme.model_fields)
    widget = (DOCS / "widget.md").read_text("utf-8")
    settings = {name.lower() for name in re.findall(r"`([A-Z][A-Z_]+)`", widget)}
    assert settings >= set(WidgetSettings.model_fields) - {"leeway_s", "max_token_chars", "max_logo_bytes"}
    assert all(name in (DOCS / "white-label.md").read_text("utf-8") for name in LENGTHS)
    for page in ("widget.md", "white-label.md"):
        for picture in re.findall(r"\]\((images/[\w.-]+)\)", (DOCS / page).read_text("utf-8")):
            assert 0 < (DOCS / picture).stat().st_size < 150_000, picture
