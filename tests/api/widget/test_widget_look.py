"""How the widget looks, in a real browser: themes, dark, right to left, 320 pixels, forced colours; axe-core finds nothing.

With UPDATE_SCREENSHOTS=1 it also takes the pictures of the docs: `docs/images/widget*.png`.
"""

from __future__ import annotations

import base64
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect
from widget_browser import Portal

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ROOT = Path(__file__).parents[3]
IMAGES, CORPORA = ROOT / "docs" / "images", ROOT / "corpora"
DISCLOSURE = "You are chatting with an AI assistant."
UPDATE = bool(os.environ.get("UPDATE_SCREENSHOTS"))
NO_PICTURE = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 100).decode()
MAX_PICTURE = 150_000
"""Bytes."""


def save(shot: bytes, name: str) -> None:
    assert len(shot) < MAX_PICTURE, f"{name} has {len(shot):,} bytes"
    (IMAGES / f"{name}.png").write_bytes(shot)


def picture(portal: Portal, name: str, *, of: Locator | None = None) -> None:
    if UPDATE:
        save((of or portal.page).screenshot(animations="disabled"), name)


@pytest.mark.parametrize(
    ("name", "scheme", "lang", "width"),
    [
        ("widget", "light", "en", 900),
        ("widget-dark", "dark", "en", 900),
        ("widget-rtl", "light", "ar", 900),
        ("widget-320", "light", "en", 320),
    ],
)
def test_what_the_pictures_show(portal: Portal, name: str, scheme: str, lang: str, width: int) -> None:
    portal.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    portal.page.set_viewport_size({"width": width, "height": 640})
    portal.open(f"?lang={lang}")
    answer = portal.ask("The till shows SYNC-409. What now?")
    expect(answer).to_contain_text("Stop the sync agent before you clear the queue")
    expect(answer).to_be_in_viewport()
    assert portal.frame.locator("html").evaluate("root => root.scrollWidth - root.clientWidth") <= 0
    picture(portal, name)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["en", "ar"])
def test_axe_finds_nothing_at_320_pixels_and_at_full_size(portal: Portal, scheme: str, locale: str) -> None:
    portal.bring_axe()
    portal.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    portal.open(f"?lang={locale}")
    assert portal.violations() == []
    answer = portal.ask("How?")
    answer.locator(".actions button").nth(1).click()
    for width, name in ((1100, "wide"), (320, "narrow")):
        portal.page.set_viewport_size({"width": width, "height": 640})
        assert portal.violations() == []
        overflow = portal.frame.locator("html").evaluate("root => root.scrollWidth - root.clientWidth")
        assert overflow <= 0, f"{name}: {overflow} px wider than the window"
    small = portal.frame.locator("button:visible, a:visible").evaluate_all(
        "all => all.map(n => [n.textContent, n.getBoundingClientRect()])"
        ".filter(([, b]) => b.width < 24 || b.height < 24).map(([text]) => text)"
    )
    assert small == []  # WCAG 2.2, 2.5.8
    answer.locator(".cite").first.click()
    assert portal.violations() == []


def test_arabic_runs_from_right_to_left_in_its_own_words(portal: Portal) -> None:
    portal.open("?lang=ar")
    html = portal.frame.locator("html")
    expect(html).to_have_attribute("dir", "rtl")
    expect(html).to_have_attribute("lang", "ar")
    answer = portal.ask("How?")
    expect(answer.get_by_role("button", name="نسخ")).to_be_visible()
    latin = re.compile(r"[A-Za-z]{3,}")
    own_words = portal.frame.locator(".actions button, .dock-note span:first-child, .disclosure, h3.eyebrow")
    assert [text for text in own_words.all_inner_texts() if latin.search(text)] == []
    box = portal.page.locator("iframe").bounding_box()
    assert box is not None and box["x"] < 100  # the end of a line is on the left


def _theme(tenant: str) -> dict[str, Any]:
    """As the demo's tenants have it."""
    found: dict[str, Any] = json.loads((CORPORA / tenant / "widget.json").read_text("utf-8"))
    return found


def test_two_partners_themes_look_like_their_own(portal: Portal) -> None:
    service, shots = portal.service, {}
    for tenant in ("stitchwell", "larderworks"):
        theme = _theme(tenant)
        portal.open(f"?widget={service.new_widget(theme=theme)}")
        expect(portal.frame.locator("h2").first).to_have_text(theme["name"])
        expect(portal.frame.locator(".lead")).to_have_text(theme["words"]["en"]["greeting"])
        expect(portal.frame.get_by_text(DISCLOSURE).first).to_be_in_viewport()
        expect(portal.frame.locator(".powered")).to_have_count(int(theme.get("powered_by", True)))
        accent = portal.frame.locator("#send").evaluate("node => getComputedStyle(node).backgroundColor")
        red, green, blue = (int(theme["light"]["accent"][i : i + 2], 16) for i in (1, 3, 5))
        assert accent == f"rgb({red}, {green}, {blue})"
        sheet = portal.frame.locator("html").evaluate("node => getComputedStyle(node).getPropertyValue('--gutter')")
        assert sheet == theme["variables"]["both"]["--gutter"]
        box = portal.page.locator("iframe").bounding_box()
        assert box is not None
        assert (box["x"] < 100) == (theme.get("position") == "start")
        shots[theme["name"]] = portal.page.locator("iframe").screenshot(animations="disabled")
    if UPDATE:
        _side_by_side(portal, shots)


def _side_by_side(portal: Portal, shots: dict[str, bytes]) -> None:
    figures = "".join(
        f'<img alt="{name}" src="data:image/png;base64,{base64.b64encode(shot).decode()}">'
        for name, shot in shots.items()
    )
    page = portal.page.context.new_page()
    page.set_viewport_size({"width": 860, "height": 700})
    page.set_content(
        "<style>body { margin: 10px; display: flex; gap: 20px; justify-content: center; background: #d9dce1 } "
        f"img {{ border-radius: 12px }}</style>{figures}"
    )
    save(page.screenshot(), "widget-themes")
    page.close()


@pytest.mark.parametrize("theme", [{}, {"mode": "light"}, {"mode": "dark"}], ids=["auto", "light", "dark"])
def test_a_theme_is_dark_when_it_says_so_or_the_visitor_does(portal: Portal, theme: dict[str, str]) -> None:
    widget = portal.service.new_widget(theme=theme)
    for scheme in ("light", "dark"):
        portal.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        portal.open(f"?widget={widget}")
        ground = portal.frame.locator("body").evaluate("node => getComputedStyle(node).backgroundColor")
        expected = {"dark": "rgb(18, 23, 25)", "light": "rgb(246, 245, 241)"}[theme.get("mode", scheme)]
        assert ground == expected


def test_a_logo_that_does_not_load_gives_way_to_a_letter(portal: Portal) -> None:
    widget = portal.service.new_widget(theme={"name": "Stitchwell", "logo": NO_PICTURE})
    portal.open(f"?widget={widget}")
    expect(portal.frame.locator("h1 .monogram")).to_have_text("S")
    expect(portal.frame.locator("img")).to_have_count(0)


def test_a_later_question_stands_at_the_top_with_its_answer_below(portal: Portal) -> None:
    portal.open()
    for text in ("How?", "Why?", "When?"):
        portal.ask(text)
    asked, answered = (portal.frame.locator(name).last.bounding_box() for name in (".question", ".answer"))
    bar, composer = portal.frame.locator(".bar").bounding_box(), portal.question.bounding_box()
    assert asked and answered and bar and composer
    assert 0 <= asked["y"] - bar["y"] - bar["height"] < 60
    assert answered["y"] + 200 < composer["y"]


def test_nothing_moves_for_whoever_asks_for_that(portal: Portal) -> None:
    portal.page.emulate_media(reduced_motion="reduce")
    portal.service.pipeline.pause = 1.0
    portal.open()
    portal.question.fill("How?")
    portal.question.press("Enter")
    expect(portal.frame.locator(".pulse")).to_be_visible()
    assert portal.panel.evaluate("() => document.getAnimations().length") == 0
    portal.page.emulate_media(reduced_motion="no-preference")
    assert portal.panel.evaluate("() => document.getAnimations().length") > 0
    portal.settled()


def test_forced_colours_leave_every_control_an_edge(portal: Portal) -> None:
    portal.bring_axe()
    portal.page.emulate_media(forced_colors="active")
    portal.page.goto(portal.service.host)
    launcher = portal.frame.locator(".launcher")
    expect(launcher).to_be_visible()
    edge = (
        "node => { const s = getComputedStyle(node); return [s.borderTopWidth, s.borderTopColor, s.backgroundColor]; }"
    )
    width, line, ground = launcher.evaluate(edge)
    assert width != "0px" and line != ground
    launcher.click()
    answer = portal.ask("How?")
    for control in (portal.frame.locator("#send"), answer.locator(".cite").first, answer.locator(".source-number")):
        width, line, ground = control.evaluate(edge)
        assert width != "0px" and line != ground
    assert portal.violations() == []


def test_at_400_percent_everything_is_reached_without_scrolling_sideways(portal: Portal) -> None:
    """WCAG 2.2, 1.4.10: 1280 pixels at 400 % are 320; the frame fills so small a window."""
    portal.page.set_viewport_size({"width": 320, "height": 256})
    portal.open()
    answer = portal.ask("How?")
    for control in (answer.get_by_role("button", name="Copy"), portal.question):
        control.scroll_into_view_if_needed()
        control.focus()
        box = control.bounding_box()
        assert box is not None
        assert box["x"] >= 0 and box["x"] + box["width"] <= 320
    assert portal.frame.locator("html").evaluate("root => root.scrollWidth - root.clientWidth") <= 0


def test_the_preview_shows_a_draft_refuses_what_cannot_be_read_and_saves(portal: Portal) -> None:
    page, service = portal.page, portal.service
    portal.bring_axe()
    page.goto(f"{service.own}/widget/v1/preview?id={service.widget}")
    assert portal.violations(page.main_frame) == []
    page.get_by_label("Access key").fill(service.admin)
    page.get_by_role("button", name="Show the widget").click()
    expect(portal.frame.locator("h2").first).to_have_text("Partner Copilot")
    expect(page.get_by_label("For your page")).to_have_value(re.compile(r"<script async src=.*loader\.js"))
    page.get_by_label("Theme (JSON)").fill('{"name": "Acme Help", "light": {"accent": "#ffd200"}}')
    expect(page.get_by_role("status")).to_contain_text("light.accent #ffd200 has")
    expect(portal.frame.locator("h2").first).to_have_text("Partner Copilot")
    picture(portal, "widget-preview")
    assert portal.violations(page.main_frame) == []
    page.get_by_role("button", name=re.compile("Use #.* for light.accent")).click()
    expect(portal.frame.locator("h2").first).to_have_text("Acme Help")
    page.get_by_role("button", name="Save the theme").click()
    expect(page.get_by_role("status")).to_contain_text("Saved")
    assert service.call("GET", f"/v1/widgets/{service.widget}")["theme"]["name"] == "Acme Help"
    page.get_by_label("Language").select_option("de")
    expect(portal.frame.get_by_role("button", name="Senden")).to_be_visible()
