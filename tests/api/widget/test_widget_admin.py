"""Registering and changing widgets: origins, audiences, themes, and who may."""

from __future__ import annotations

import base64
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest
from widget_service import WidgetService, limited, serving

from api.widget.colours import TEXT_CONTRAST, contrast, nearest, readable_on
from api.widget.palette import PAIRS, variables
from api.widget.theme import Colours, Theme

pytestmark = pytest.mark.slow

PNG = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 100).decode()


def post(service: WidgetService, body: dict[str, Any], token: str | None = None) -> httpx.Response:
    with service.api(token or service.admin) as api:
        return api.post("/v1/widgets", json={"name": "Portal", **body})


def test_a_widget_is_kept_changed_and_listed(roomy: WidgetService) -> None:
    made = post(roomy, {"origins": ["HTTPS://Portal.Example.com/", "https://portal.example.com:443"]}).json()
    assert made["origins"] == ["https://portal.example.com"]
    assert (made["audience"], made["enabled"]) == ("partner", True)
    assert made["snippet"] == (
        f'<script async src="{roomy.own}/widget/v1/loader.js" data-widget="{made["id"]}"></script>'
    )
    changed = roomy.call("PATCH", f"/v1/widgets/{made['id']}", {"audience": "public", "theme": {"name": "Desk"}})
    assert (changed["audience"], changed["theme"]["name"], changed["origins"]) == ("public", "Desk", made["origins"])
    assert made["id"] in [one["id"] for one in roomy.call("GET", "/v1/widgets")["widgets"]]


def test_another_tenants_widget_does_not_exist_and_only_admins_touch_any(roomy: WidgetService) -> None:
    path = f"/v1/widgets/{roomy.widget}"
    for token, status in ((roomy.foreign, 404), (roomy.agent, 403)):
        with roomy.api(token) as api:
            answers = [
                api.get(path),
                api.patch(path, json={"enabled": False}),
                api.post(f"{path}/keys", json={"issuer": "x"}),
                api.delete(f"{path}/keys/{roomy.kid}"),
            ]
        assert [answer.status_code for answer in answers] == [status] * 4
    with roomy.api(roomy.foreign) as api:
        assert api.get("/v1/widgets").json() == {"widgets": []}


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "https://*.example.com",
        "https://portal.example.com/help",
        "https://portal.example.com?x",
        "https://user@portal.example.com",
        "http://portal.example.com",
        "ftp://portal.example.com",
        "portal.example.com",
        "null",
        "",
        "https://a.example.com https://evil.example.com",
        "https://a.example.com; script-src *",
        "https://portal.example.com:0",
        "https://portal.example.com:99999",
        "data:text/html,x",
    ],
)
def test_what_is_no_origin_is_refused(roomy: WidgetService, origin: str) -> None:
    response = post(roomy, {"origins": [origin]})
    assert (response.status_code, response.json()["code"]) == (422, "invalid_origin")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"audience": "agent"}, "invalid_audience"),
        ({"theme": {"disclosure": ""}}, "invalid_theme"),
        ({"theme": {"words": {"en": {"disclosure": "A person answers."}}}}, "invalid_theme"),
        ({"theme": {"words": {"tlh": {"greeting": "nuqneH"}}}}, "invalid_theme"),
        ({"theme": {"light": {"accent": "red"}}}, "invalid_theme"),
        ({"theme": {"light": {"accent": "#fff;}body{display:none"}}}, "invalid_theme"),
        ({"theme": {"radius": 900}}, "invalid_theme"),
        ({"theme": {"variables": {"both": {"--gutter": "0"}}}}, "invalid_theme"),
        ({"theme": {"variables": {"both": {"--gutter": "12px; display: none"}}}}, "invalid_theme"),
        ({"theme": {"variables": {"both": {"--gutter": "9999px"}}}}, "invalid_theme"),
        ({"theme": {"variables": {"both": {"--ink": "12px"}}}}, "invalid_theme"),
        ({"theme": {"variables": {"light": {"--ink": "#ffffff"}}}}, "invalid_theme"),
        ({"theme": {"variables": {"dark": {"--line": "url(https://evil.example)"}}}}, "invalid_theme"),
        ({"domain": "https://help.example.com/path"}, "invalid_origin"),
        ({"domain": "http://help.example.com"}, "invalid_origin"),
        ({"domain": "*"}, "invalid_origin"),
        ({"theme": {"name": ""}}, "invalid_theme"),
        ({"theme": {"logo": "http://cdn.example.com/logo.png"}}, "invalid_logo"),
        ({"theme": {"logo": "https://cdn.example.com;script-src *"}}, "invalid_logo"),
        ({"theme": {"logo": "https://user:pw@cdn.example.com/x.png"}}, "invalid_logo"),
        ({"theme": {"logo": "javascript:alert(1)"}}, "invalid_logo"),
        ({"theme": {"logo": "data:image/svg+xml;base64,PHN2Zz4="}}, "invalid_logo"),
        ({"theme": {"logo": "data:image/png;base64,PHN2Zz4="}}, "invalid_logo"),
        ({"theme": {"logo": "data:image/png;base64,%%%"}}, "invalid_logo"),
        ({"theme": {"logo": PNG[:-4] + base64.b64encode(b"0" * 64_000).decode()}}, "invalid_logo"),
        ({"tenant_id": "other"}, "invalid_request"),
        ({"name": ""}, "invalid_request"),
    ],
)
def test_what_is_no_widget_is_refused(roomy: WidgetService, body: dict[str, Any], code: str) -> None:
    response = post(roomy, body)
    assert (response.status_code, response.json()["code"]) == (422, code), response.text


def test_a_png_logo_is_taken(roomy: WidgetService) -> None:
    assert post(roomy, {"theme": {"logo": PNG}}).json()["theme"]["logo"] == PNG


def test_a_theme_that_cannot_be_read_is_refused_with_the_nearest_that_can(roomy: WidgetService) -> None:
    yellow = {"light": {"accent": "#ffd200"}, "dark": {"ink": "#444444"}}
    with roomy.api(roomy.admin) as api:
        refused = api.post("/v1/widgets/theme", json={"theme": yellow})
        assert (refused.status_code, refused.json()["code"]) == (422, "theme_contrast")
        faults = {fault["colour"]: fault for fault in refused.json()["colours"]}
        assert faults.keys() == {"light.accent", "dark.ink"}
        assert "use #" in refused.json()["detail"]
        better = {"light": {"accent": faults["light.accent"]["use"]}, "dark": {"ink": faults["dark.ink"]["use"]}}
        taken = api.post("/v1/widgets/theme", json={"theme": better})
    assert taken.status_code == 200
    assert taken.json()["variables"]["light"]["--accent"] == faults["light.accent"]["use"]


@pytest.mark.parametrize("name", PAIRS)
def test_a_stated_shade_that_cannot_be_read_on_is_refused_with_the_nearest_that_can(
    roomy: WidgetService, name: str
) -> None:
    shade = {"--mark": "#333333", "--accent-strong": "#eeeeee"}.get(name, "#b0b0b0")
    with roomy.api(roomy.admin) as api:
        refused = api.post("/v1/widgets/theme", json={"theme": {"variables": {"light": {name: shade}}}})
        [fault] = refused.json()["colours"]
        assert (fault["colour"], fault["given"]) == (f"variables.light.{name}", shade)
        better = {"variables": {"light": {name: fault["use"]}}}
        taken = api.post("/v1/widgets/theme", json={"theme": better})
    assert (refused.json()["code"], taken.status_code) == ("theme_contrast", 200)
    found = taken.json()["variables"]["light"]
    others, needed = PAIRS[name]
    assert min(contrast(found[name], found[other]) for other in others) >= needed


def test_measures_of_a_theme_reach_the_style_sheet(roomy: WidgetService) -> None:
    own = {"--gutter": "10px", "--text": "110%", "--panel-width": "480px", "--edge": "0px"}
    made = post(roomy, {"theme": {"variables": {"both": own, "dark": {"--line": "#334455"}}}}).json()
    with roomy.api(roomy.admin) as api:
        found = api.post("/v1/widgets/theme", json={"theme": made["theme"]}).json()["variables"]
    assert found["both"].items() >= own.items()
    assert found["both"]["--panel-height"] == "680px"
    assert found["dark"]["--line"] == "#334455" != found["light"]["--line"]


def test_grounds_that_nothing_stands_out_from_are_told(roomy: WidgetService) -> None:
    response = post(roomy, {"theme": {"light": {"page": "#333333", "surface": "#cccccc"}}})
    assert {fault["colour"] for fault in response.json()["colours"]} == {"light.surface"}


SHADES = [f"#{r}{g}{b}" for r, g, b in product(("00", "66", "cc", "ff"), repeat=3)]


@pytest.mark.parametrize("ground", ["#ffffff", "#f6f5f1", "#121719", "#1b2224"])
def test_the_nearest_colour_is_good_and_a_good_one_stays(ground: str) -> None:
    for shade in SHADES:
        found = nearest(shade, [ground], TEXT_CONTRAST)
        assert found is not None
        assert contrast(found, ground) >= TEXT_CONTRAST
        assert contrast(readable_on(shade), shade) >= TEXT_CONTRAST
        if contrast(shade, ground) >= TEXT_CONTRAST:
            assert found == shade


def test_every_pair_that_the_palette_derives_can_be_read() -> None:
    for page, surface in (
        ("#f6f5f1", "#ffffff"),
        ("#ffffff", "#ffffff"),
        ("#121719", "#1b2224"),
        ("#000000", "#000000"),
    ):
        for shade in SHADES:
            accent, ink = (nearest(c, [page, surface], TEXT_CONTRAST) for c in (shade, "#777777"))
            assert accent and ink
            found = variables(Theme(light=Colours(accent=accent, page=page, surface=surface, ink=ink)))["light"]
            for text, ground in product(("--ink", "--accent", "--muted"), ("--page", "--card", "--tint")):
                assert contrast(found[text], found[ground]) >= TEXT_CONTRAST, (text, ground, found)
            assert contrast(found["--on-accent"], found["--accent"]) >= TEXT_CONTRAST
            assert contrast(found["--on-accent"], found["--accent-strong"]) >= TEXT_CONTRAST, found
            assert contrast(found["--ink"], found["--mark"]) >= TEXT_CONTRAST
            assert contrast(found["--control"], found["--card"]) >= 3


@pytest.mark.parametrize(
    ("theme", "asked", "accepted", "expected"),
    [
        (None, None, "", "en"),
        (None, None, "fr-CH, fr;q=0.9, en;q=0.8", "fr"),
        (None, "pt-BR", "de", "pt"),
        ("ar", "pt-BR", "de", "ar"),
        (None, "tlh", "xx, de;q=0.5", "de"),
        (None, "../../etc", "*", "en"),
    ],
)
def test_the_language_is_the_themes_the_pages_or_the_browsers(
    roomy: WidgetService, theme: str | None, asked: str | None, accepted: str, expected: str
) -> None:
    widget = roomy.new_widget(theme={"locale": theme} if theme else {})
    with roomy.api(None, **{"Accept-Language": accepted}) as api:
        params = {"id": widget} | ({"locale": asked} if asked else {})
        page = api.get("/widget/v1/panel", params=params).text
    assert f'<html lang="{expected}" dir="{"rtl" if expected == "ar" else "ltr"}">' in page


@pytest.mark.parametrize(
    ("setting", "code"), [("max_per_tenant", "too_many_widgets"), ("max_origins", "invalid_origin")]
)
def test_a_tenants_limits_hold(tmp_path: Path, template: Path, setting: str, code: str) -> None:
    with serving(tmp_path, template, limited(**{setting: 1})) as service:
        response = post(
            service, {"origins": ["https://a.example.com", "https://b.example.com"][: 1 + (setting == "max_origins")]}
        )
        assert (response.status_code, response.json()["code"]) == (422, code)
        assert f"COPILOT_WIDGET__{setting.upper()}" in response.json()["detail"]


def test_the_loader_comes_packed(roomy: WidgetService) -> None:
    with roomy.api(None, **{"Accept-Encoding": "gzip"}) as api:
        for path in ("/widget/v1/loader.js", "/widget/v1/static/panel.js", "/chat/chat.css"):
            response = api.get(path)
            assert response.headers["content-encoding"] == "gzip", path
            assert response.headers["x-content-type-options"] == "nosniff"
        assert api.get("/widget/v1/loader.js").headers["cross-origin-resource-policy"] == "cross-origin"
