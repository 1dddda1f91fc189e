"""The page of a report: what is in the file and, in a real browser, that it obeys and asks for nothing."""

from __future__ import annotations

import base64
import html.parser
import json
import re

import numpy as np
import pytest
from eval_runs import data_of, made_run, pictured, record, scored, two_runs, webp, with_pictures
from webpages import assert_points_nowhere, assert_policy_by_hash

from animelayers.evaluation import html_report
from animelayers.evaluation.catalogue import METRICS
from animelayers.evaluation.report import write_reports
from animelayers.evaluation.summary import summarise

UP, DOWN = "line.f1", "flat.l1"
HOSTILE = '</script><script>document.title="owned"</script><img src=x onerror=document.title="owned">|`*_&amp;<!--'


# ── the file ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_nothing_points_outside_the_page(tmp_path):
    text = write_reports([pictured("m", [0.5], tmp_path)], tmp_path)[2].read_text("utf-8")
    text = text.replace("http://www.w3.org/2000/svg", "")  # a name, never asked for
    assert_points_nowhere(text)


def test_the_policy_allows_one_script_and_one_style_by_their_hash(tmp_path):
    text = write_reports(two_runs(), tmp_path)[2].read_bytes().decode()
    assert_policy_by_hash(text)


class Outline(html.parser.HTMLParser):
    """Every start tag, and whether the end tags fit."""

    VOID = frozenset({"meta", "link", "br", "img", "input", "hr"})

    def __init__(self):
        super().__init__()
        self.tags, self.open = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", [HOSTILE, "@data@ @policy@", "\ud83d half", "\u2028\u202e前髪\x00"])
def test_names_are_only_ever_text(name, tmp_path):
    rows = [record(name, {UP: 0.5}, "missing-layer"), record("t", None, "bug")]
    run = made_run(name, rows, tmp_path / "m", set_name=name, machine=name, model={name: name})
    found, text, path = write_reports([run], tmp_path)
    outline = Outline()
    outline.feed(path.read_text("utf-8"))
    assert not outline.open
    assert outline.tags.count("script") == 2
    assert path.read_text("utf-8").count("<script") == 2
    assert "img" not in outline.tags
    data = data_of(path)
    assert (data["models"][0]["label"], data["set"]["name"]) == (name, name)
    assert name in data["ids"]
    assert json.loads(found.read_bytes())["schema"] == 1
    assert not re.search(r"(?<!\\)<(?:script|img|!--)", text.read_text("utf-8"))
    assert "\x00" not in text.read_text("utf-8")


def test_the_worst_samples_come_worst_first():
    values = [0.5, 0.1, 0.9, 0.3]
    high, low = (summarise(scored("m", name, values)) for name in (UP, DOWN))
    assert html_report.worst(high, METRICS[UP]) == ["s01", "s03", "s00", "s02"]
    assert html_report.worst(low, METRICS[DOWN]) == ["s02", "s00", "s03", "s01"]
    many = summarise(scored("m", UP, np.linspace(0, 1, 30)))
    assert html_report.worst(many, METRICS[UP]) == [f"s{at:02d}" for at in range(8)]


def test_pictures_that_cannot_appear_are_not_embedded(tmp_path):
    runs = pictured("a", np.linspace(0, 1, 30), tmp_path), pictured("b", np.linspace(1, 0, 30), tmp_path)
    data = data_of(write_reports(runs, tmp_path)[2])
    expected = {*range(8), *range(22, 30)}  # the worst of both, side by side
    for model in data["models"]:
        assert {int(place) for place in model["pictures"]} == expected
        source = model["pictures"]["3"]
        assert source.startswith("data:image/webp;base64,")
        content = base64.b64decode(source.partition(",")[2])
        assert content == (tmp_path / "a" / "pictures" / "s03.webp").read_bytes()


def test_the_page_stays_light(tmp_path, monkeypatch):
    run = pictured("m", np.linspace(0, 1, 30), tmp_path)
    one = 4 * len(webp()) // 3 + 40
    monkeypatch.setattr(html_report, "BYTES", 3 * one)
    (model,) = data_of(write_reports([run], tmp_path)[2])["models"]
    assert 2 <= len(model["pictures"]) <= 4
    assert "0" in model["pictures"], "the very worst first"
    assert sum(map(len, model["pictures"].values())) <= 3 * one


@pytest.mark.parametrize("name", ["../secret.webp", "/etc/hostname", "..", "", "missing.webp"])
def test_only_pictures_of_the_run_are_embedded(name, tmp_path):
    (tmp_path / "m" / "pictures").mkdir(parents=True)
    (tmp_path / "m" / "secret.webp").write_bytes(webp())
    run = made_run("m", [record("s", {UP: 0.5}, picture=name)], tmp_path)
    assert data_of(write_reports([run], tmp_path)[2])["models"][0]["pictures"] == {}


def test_a_file_that_is_no_webp_is_not_embedded(tmp_path):
    run = made_run("m", [record("s", {UP: 0.5}, picture="s.webp")], tmp_path)
    with_pictures(run, b"<svg onload='x'>")
    assert data_of(write_reports([run], tmp_path)[2])["models"][0]["pictures"] == {}


# ── in a browser ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def browser(tool):
    sync_api = pytest.importorskip("playwright.sync_api")
    program = tool("chromium", "chromium-browser", "google-chrome")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield chromium.new_page()
        chromium.close()


@pytest.fixture
def opened(browser, tmp_path):
    """Open the report of some runs; at the end nothing was complained of or asked for."""
    said, asked = [], []
    listeners = {
        "console": lambda message: said.append(message.text),
        "pageerror": lambda error: said.append(str(error)),
        "request": lambda request: asked.append(request.url),
    }
    for event, listener in listeners.items():
        browser.on(event, listener)

    def open_report(*runs):
        browser.goto(write_reports(runs, tmp_path)[2].as_uri())
        browser.wait_for_selector("body[data-ready]", state="attached")
        return browser

    yield open_report
    for event, listener in listeners.items():
        browser.remove_listener(event, listener)
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


@pytest.mark.tools
def test_the_first_table_sorts(opened, tmp_path):
    runs = [pictured(name, [value] * 3, tmp_path) for name, value in (("b", 0.5), ("c", 0.9), ("a", 0.1))]
    page = opened(*runs, made_run("none", [record("s00", None, "bug")], samples=3))

    def order():
        return page.locator("#headline tbody th").all_text_contents()

    assert order() == ["b", "c", "a", "none"]
    column = page.locator("#headline thead button", has_text="f1")
    column.click()
    assert order() == ["c", "b", "a", "none"]
    assert page.locator("#headline th[aria-sort]").get_attribute("aria-sort") == "descending"
    column.click()
    assert order() == ["a", "b", "c", "none"], "undefined stays last"
    page.get_by_role("button", name="model").click()
    assert order() == ["a", "b", "c", "none"]
    assert "not scored on the same samples" in page.locator("#notes").text_content()


@pytest.mark.tools
def test_a_metric_is_looked_at_closely(opened, tmp_path):
    rows = [record(f"s{at:02d}", {UP: at / 20, "raw.psnr": 40.0 - at}, picture=f"s{at:02d}.webp") for at in range(20)]
    other = [record(f"s{at:02d}", {UP: 0.5, "raw.psnr": 30.0}) for at in range(20)]
    page = opened(with_pictures(made_run("m", rows, tmp_path)), made_run("n", other, tmp_path))
    page.locator("#metric").select_option(UP)
    assert page.locator("#definition").text_content() == METRICS[UP].what
    assert page.locator("#spread .dot").count() == 40
    assert page.locator("#against .dot").count() == 20
    assert (
        page.locator("#shares").text_content()
        == "Of 20 samples with both values n is better on 10, equal on 1, worse on 9."
    )
    cards = page.locator("#worst .cards").first.locator(".card")
    assert cards.locator("b").all_text_contents() == [f"s{at:02d}" for at in range(8)]
    page.locator("#metric").select_option("raw.psnr")
    assert cards.locator("b").all_text_contents() == [f"s{at:02d}" for at in range(19, 11, -1)]
    assert cards.first.locator("img").evaluate("(image) => image.decode().then(() => image.naturalWidth)") == 24
    cards.first.click()
    assert page.get_by_role("dialog").locator("h2").text_content() == "s19"
    page.keyboard.press("Escape")
    page.locator("#all").get_by_role("button", name="line.f1 ↑").click()
    assert page.locator("#metric").input_value() == UP


@pytest.mark.tools
def test_hostile_names_stay_text(opened, tmp_path):
    rows = [record(HOSTILE, {UP: 0.5}, "missing-layer", tags={HOSTILE: {"visible.iou": 0.5}}, size=(3, 4))]
    page = opened(made_run(HOSTILE, rows, tmp_path / "m", set_name=HOSTILE), made_run("n", rows, tmp_path))
    assert page.title().endswith(HOSTILE)
    assert page.locator("h1").text_content() == f"Rendering on {HOSTILE}"
    assert page.locator("#headline tbody th").all_text_contents() == [HOSTILE, "n"]
    assert page.locator(".card b").all_text_contents() == [HOSTILE] * 2
    assert page.locator("body img").count() == 0


@pytest.mark.tools
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_overflows(opened, tmp_path, width):
    page = opened(pictured("m" * 60, np.linspace(0, 1, 12), tmp_path), pictured("n", np.linspace(0, 1, 12), tmp_path))
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.tools
def test_an_empty_report_opens(opened):
    page = opened(made_run("m", [], samples=3))
    assert page.locator("#notes").text_content() == "m is not finished: 3 of 3 samples have not run."
    assert not page.locator("#closely").is_visible()
