"""The preview: what is in the file and, in a real browser, that it shows what `flatten` computes and obeys."""

from __future__ import annotations

import base64
import io
import json
import re

import numpy as np
import pytest
from PIL import Image
from webpages import assert_points_nowhere, assert_policy_by_hash

from animelayers.color import matte
from animelayers.composite import flatten
from animelayers.errors import StackError
from animelayers.handoff import html
from animelayers.handoff.html import write_html
from animelayers.parts import Preset
from animelayers.stack import Blend, Layer, LayerStack, Provenance

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run"),
)
HOSTILE = '</script><script>document.title="owned"</script><img src=x onerror=document.title="owned">&amp;<!--'


def solid(height, width, *rgba):
    return np.full((height, width, 4), rgba, np.uint8)


def noise(height, width, seed=0, alpha=None):
    rgba = np.random.default_rng(seed).integers(0, 256, (height, width, 4), dtype=np.uint8)
    if alpha is not None:
        rgba[..., 3] = alpha
    return rgba


def rendering_stack(source):
    """Flat, shadow, highlight and line that flatten to `source`: crude flats, then the closed form."""
    colour, alpha = source[..., :3].astype(np.float32), source[..., 3]
    flat = np.where(alpha[..., None] == 255, np.clip(source[..., :3] // 64 * 64 + 32, 1, 254), source[..., :3])
    below, above = colour < flat, colour > flat
    shadow = np.where(below, np.floor(255 * colour / np.maximum(flat, 1) + 0.5), 255)
    highlight = np.where(above, np.floor(255 * (colour - flat) / np.maximum(255 - flat, 1) + 0.5), 0)
    line = np.where(source[..., :3].max(axis=2, keepdims=True) < 90, source, 0)
    sheets = (
        Layer("flat", np.dstack([flat, alpha]).astype(np.uint8)),
        Layer("shadow", np.dstack([shadow, below.any(axis=2) * 255]).astype(np.uint8), blend=Blend.MULTIPLY),
        Layer("highlight", np.dstack([highlight, above.any(axis=2) * 255]).astype(np.uint8), blend=Blend.SCREEN),
        Layer("line", np.where(alpha[..., None] == 255, line, 0).astype(np.uint8)),
    )
    return LayerStack(*source.shape[:2], sheets, Provenance("rendering", "classic", "0.1.0", source_name="girl.png"))


def part_stack():
    """Four parts in nested groups, each a square of its own colour; the first wholly below the last."""
    layers = (
        Layer("back hair", solid(60, 60, 90, 60, 120, 255), 10, 10),
        Layer("face", solid(40, 40, 250, 220, 200, 255), 30, 30, group=("head",)),
        Layer("irides-l", solid(10, 10, 40, 90, 220, 255), 40, 50, group=("head", "eyes")),
        Layer("front hair", solid(20, 50, 120, 80, 150, 255), 10, 60, group=("head",)),
    )
    return LayerStack(100, 140, layers)


def embedded(path):
    return json.loads(re.search(r'id="stack">(.*?)</script>', path.read_text("utf-8"), re.DOTALL)[1])


def decoded(picture):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(picture["src"].partition(",")[2]))).convert("RGBA"))


@pytest.fixture
def preview(tmp_path):
    return tmp_path / "preview.html"


# ── the file ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_nothing_points_outside_the_file(preview):
    write_html(part_stack(), preview, source=flatten(part_stack()))
    text = preview.read_text("utf-8")
    assert_points_nowhere(text)


def test_the_policy_allows_one_script_and_one_style_by_their_hash(preview):
    write_html(part_stack(), preview)
    text = preview.read_bytes().decode()
    assert_policy_by_hash(text)


def test_layers_are_cut_tight_and_lossless(preview):
    sheet = np.zeros((50, 60, 4), np.uint8)
    sheet[7:20, 11:40] = noise(13, 29, alpha=255)
    write_html(LayerStack(40, 38, (Layer("x", sheet, -10, 2),)), preview)
    (entry,) = embedded(preview)["layers"]
    assert [entry[key] for key in ("top", "left", "height", "width")] == [0, 13, 10, 25]
    assert np.array_equal(decoded(entry), sheet[10:20, 11:36])


def test_what_cannot_be_seen_is_not_embedded(preview):
    write_html(
        LayerStack(8, 8, (Layer("clear", solid(8, 8, 9, 9, 9, 0)), Layer("off", solid(2, 2, 9, 9, 9, 9), 20, 0))),
        preview,
    )
    assert [entry["src"] for entry in embedded(preview)["layers"]] == ["", ""]


def test_names_come_in_the_chosen_preset_beside_the_canonical_ones(preview):
    write_html(part_stack(), preview, names=Preset.LIVE2D_JA)
    entry = embedded(preview)["layers"][2]
    assert (entry["name"], entry["canonical"], entry["group"]) == ("瞳_L", "irides-l", ["head", "eyes"])


@pytest.mark.parametrize("off_by", [0, 3])
def test_the_recomposition_error_is_measured(preview, off_by):
    source = flatten(part_stack())
    source[35, 35, 0] -= off_by
    write_html(part_stack(), preview, source=source)
    assert embedded(preview)["error"] == off_by


def test_without_a_source_no_error_is_claimed(preview):
    write_html(part_stack(), preview)
    assert embedded(preview)["error"] is None
    assert embedded(preview)["source"] is None


def test_a_source_of_another_size_is_refused_and_nothing_is_written(preview):
    with pytest.raises(StackError):
        write_html(part_stack(), preview, source=solid(3, 3, 0, 0, 0, 0))
    assert not list(preview.parent.iterdir())


@pytest.mark.parametrize("name", [HOSTILE, "@data@ @policy@", "\ud83d half", "\u2028\u202e前髪\x00", "'\"`${1}\\"])
def test_names_are_only_ever_text(preview, name):
    stack = LayerStack(
        8, 8, (Layer(name, solid(8, 8, 1, 2, 3, 255), group=(name,)),), Provenance("parts", "m", "0", source_name=name)
    )
    write_html(stack, preview)
    text = preview.read_text("utf-8")
    data = embedded(preview)
    assert (data["layers"][0]["name"], data["layers"][0]["group"], data["title"]) == (name, [name], name)
    assert len(re.findall(r"<script", text)) == 2
    assert "<img" not in text


def test_same_stack_same_bytes(preview):
    write_html(part_stack(), preview, source=flatten(part_stack()))
    first = preview.read_bytes()
    write_html(part_stack(), preview, source=flatten(part_stack()))
    assert preview.read_bytes() == first


def test_a_large_canvas_is_embedded_reduced(preview, monkeypatch):
    monkeypatch.setattr(html, "LONG_SIDE", 100)
    stack = LayerStack(300, 200, (Layer("flat", solid(150, 90, 10, 60, 200, 255), 30, 60),))
    write_html(stack, preview, source=flatten(stack))
    data = embedded(preview)
    assert (data["factor"], data["height"], data["error"]) == (3, 300, 0)
    assert [data["layers"][0][key] for key in ("top", "left", "height", "width")] == [10, 20, 50, 30]
    assert (decoded(data["layers"][0]) == (10, 60, 200, 255)).all()


def test_a_heavy_page_is_reduced_until_it_is_light(preview, monkeypatch):
    stack = LayerStack(64, 64, (Layer("noise", noise(64, 64)),))
    monkeypatch.setattr(html, "BYTES", 6000)
    write_html(stack, preview)
    data = embedded(preview)
    assert data["factor"] == 2
    assert len(data["layers"][0]["src"]) <= 6000


# ── in a browser ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def page(tool):
    """One page for all: starting one costs more than most of these tests."""
    sync_api = pytest.importorskip("playwright.sync_api")
    program = tool("chromium", "chromium-browser", "google-chrome")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield chromium.new_page()
        chromium.close()


class Viewer:
    """A preview in a browser, and everything it said and asked for."""

    def __init__(self, page, path):
        self.page, self.said, self.asked = page, [], []
        self.listeners = {
            "console": lambda message: self.said.append(message.text),
            "pageerror": lambda error: self.said.append(str(error)),
            "request": lambda request: self.asked.append(request.url),
        }
        for event, listener in self.listeners.items():
            page.on(event, listener)
        page.goto(path.as_uri())
        page.wait_for_selector("body[data-ready]", state="attached")

    def leave(self):
        for event, listener in self.listeners.items():
            self.page.remove_listener(event, listener)

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def see(self):
        """The canvas area at 1:1, uint8 [h, w, 3]."""
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        left, top, width, height = self.page.evaluate(
            "() => { const box = stage.getBoundingClientRect(), at = [state.x, state.y].map(Math.round);"
            " return [box.left + at[0], box.top + at[1], WIDTH * state.zoom, HEIGHT * state.zoom]; }"
        )
        shot = self.page.screenshot(clip={"x": left, "y": top, "width": width, "height": height})
        return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"))

    def pressed(self, name):
        return self.page.get_by_role("button", name=name, exact=True).get_attribute("aria-pressed")


@pytest.fixture
def view(page, preview):
    viewers = []

    def open_preview(stack, source=None, motion="reduce"):
        write_html(stack, preview, source=source)
        page.set_viewport_size({"width": 1280, "height": 800})
        page.emulate_media(reduced_motion=motion)
        viewers.append(Viewer(page, preview))
        viewers[-1].press("1", "g")  # 1:1, on white
        return viewers[-1]

    yield open_preview
    for viewer in viewers:
        viewer.leave()


def worst(seen, stack, background=(255, 255, 255)):
    return int(np.abs(seen.astype(int) - matte(flatten(stack), background)).max())


@pytest.mark.tools
def test_it_shows_what_flatten_computes(view, examples):
    source = np.asarray(Image.open(examples[0]).convert("RGBA"))[:560]
    source = np.where(source[..., 3:] == 0, np.uint8(0), source)
    stack = rendering_stack(source)
    viewer = view(stack, source)
    assert viewer.page.locator("#error").text_content() == "✓ flattens to the input exactly"
    assert worst(viewer.see(), stack) <= 2
    viewer.press("g", "g")
    assert worst(viewer.see(), stack, (0, 0, 0)) <= 2
    assert viewer.said == []
    assert [url for url in viewer.asked if not url.startswith(("file:", "data:"))] == []
    assert sum(url.startswith("file:") for url in viewer.asked) == 1


@pytest.mark.tools
def test_every_blend_mode_agrees_with_flatten(view):
    """Each mode in a cell of its own, over an opaque backdrop."""
    cells = [
        Layer(mode.value, noise(30, 40, seed, alpha=255), 40 * (seed // 7), 50 * (seed % 7), mode, 0.7)
        for seed, mode in enumerate(Blend)
    ]
    stack = LayerStack(80, 350, (Layer("base", noise(80, 350, 99, alpha=255)), *cells))
    assert worst(view(stack).see(), stack) <= 2


@pytest.mark.tools
def test_added_light_is_clamped_before_its_alpha_counts(view):
    glow = noise(60, 60, 5)
    stack = LayerStack(60, 60, (Layer("base", solid(60, 60, 200, 180, 90, 255)), Layer("glow", glow, blend=Blend.ADD)))
    assert worst(view(stack).see(), stack) <= 3


@pytest.mark.tools
def test_eyes_opacity_and_reset(view):
    stack = part_stack()
    viewer = view(stack)
    viewer.page.get_by_role("button", name="Show face").click()
    assert viewer.pressed("Show face") == "false"
    hidden = stack.replace(layers=tuple(layer.replace(visible=layer.name != "face") for layer in stack))
    assert worst(viewer.see(), hidden) <= 1

    viewer.page.get_by_role("button", name="Show eyes").click()  # a group
    assert viewer.pressed("Show irides-l") == "false"

    viewer.page.get_by_role("button", name="Reset").click()
    viewer.page.locator("#opacity").fill("40")
    faded = stack.replace(layers=(*stack.layers[:-1], stack["front hair"].replace(opacity=0.4)))
    assert worst(viewer.see(), faded) <= 2
    viewer.page.get_by_role("button", name="Reset").click()
    assert worst(viewer.see(), stack) == 0
    assert viewer.said == []


@pytest.mark.tools
def test_the_keyboard_alone_suffices(view):
    stack = part_stack()
    viewer = view(stack)
    current = viewer.page.locator("li.selected b")
    assert current.text_content() == "front hair"
    viewer.press("ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp")
    assert current.text_content() == "face"
    viewer.press(" ")
    assert viewer.pressed("Show face") == "false"
    viewer.press(" ", "s")
    assert viewer.pressed("Solo face") == "true"
    alone = stack.replace(layers=(stack["face"],))
    assert worst(viewer.see(), alone) == 0
    viewer.press("ArrowUp")
    assert worst(viewer.see(), stack.replace(layers=(stack["irides-l"],))) == 0
    viewer.press("Escape", "[", "[")
    assert viewer.page.locator("#opaque").text_content() == "80 %"
    viewer.press("]", "]", "?")
    assert viewer.page.get_by_role("dialog").is_visible()
    viewer.press("Escape")
    assert not viewer.page.get_by_role("dialog").is_visible()
    assert worst(viewer.see(), stack) == 0
    viewer.press("0")
    assert viewer.page.locator("#percent").text_content() != "100 %"


@pytest.mark.tools
def test_lone_multiply_and_screen_layers_lie_on_what_they_can_be_read_on(view):
    layers = (
        Layer("flat", solid(50, 50, 200, 100, 50, 255)),
        Layer("shadow", solid(20, 20, 90, 90, 160, 200), 5, 5, Blend.MULTIPLY),
        Layer("highlight", solid(20, 20, 120, 90, 60, 200), 25, 25, Blend.SCREEN),
    )
    stack = LayerStack(50, 50, layers)
    viewer = view(stack)
    viewer.press("g", "s")  # on grey; the top-most alone
    assert worst(viewer.see(), stack.replace(layers=(layers[2],)), (0, 0, 0)) <= 1
    viewer.press("ArrowDown")
    assert worst(viewer.see(), stack.replace(layers=(layers[1],)), (255, 255, 255)) <= 1
    viewer.press("Escape", "n")
    normal = stack.replace(layers=tuple(layer.replace(blend=Blend.NORMAL) for layer in layers))
    assert worst(viewer.see(), normal, (128, 128, 128)) <= 1


@pytest.mark.tools
def test_before_and_after(view):
    stack = part_stack()
    source = flatten(stack)
    source[..., :3] //= 2
    viewer = view(stack, source)
    assert "max error 125" in viewer.page.locator("#error").text_content()
    viewer.press("b")
    viewer.page.locator("#wipe").fill("0.5")
    before, after, middle = matte(source), matte(flatten(stack)), stack.width // 2
    assert viewer.page.locator("#divider").is_visible()
    viewer.page.locator("#divider").evaluate("(divider) => { divider.style.visibility = 'hidden'; }")
    seen = viewer.see()
    assert np.abs(seen[:, :middle].astype(int) - before[:, :middle]).max() <= 1
    assert np.abs(seen[:, middle:].astype(int) - after[:, middle:]).max() <= 1

    viewer.press("Escape")
    viewer.page.keyboard.down("o")
    assert np.abs(viewer.see().astype(int) - before).max() <= 1
    viewer.page.keyboard.up("o")
    assert np.abs(viewer.see().astype(int) - after).max() <= 1


@pytest.mark.tools
def test_without_a_source_there_is_nothing_to_compare_with(view):
    viewer = view(part_stack())
    viewer.press("b", "o")
    assert not viewer.page.get_by_role("button", name="Compare").is_visible()
    assert viewer.pressed("Picture") == "true"
    assert viewer.said == []


@pytest.mark.tools
@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_explode_spreads_the_sheets_and_brings_them_home(view, motion):
    viewer = view(part_stack(), motion=motion)
    viewer.press("e")
    assert viewer.pressed("Explode") == "true"
    if motion == "no-preference":
        viewer.page.wait_for_timeout(600)
    boxes = [viewer.page.locator(".sheet").nth(index).bounding_box() for index in range(4)]
    lefts = [box["x"] for box in boxes]
    assert lefts == sorted(lefts)
    assert lefts[-1] - lefts[0] > 100, "the top sheet lies nearest, to the right"
    viewer.page.locator("#spread").fill("0")
    viewer.page.wait_for_timeout(50)
    viewer.page.get_by_role("button", name="Show face").click()
    assert not viewer.page.locator(".sheet").nth(1).is_visible()
    viewer.press("e")
    assert viewer.pressed("Picture") == "true"
    assert viewer.said == []


@pytest.mark.tools
def test_dragging_shifts_layers_by_their_depth_and_letting_go_brings_them_home(view):
    stack = part_stack()
    viewer = view(stack)
    viewer.press("p")
    mouse, (x, y) = viewer.page.mouse, viewer.page.evaluate("() => [state.x + 70, stage.offsetTop + state.y + 50]")
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + 60, y)  # the top-most by 60/3/2 px, the bottom-most as far the other way
    shifted = (stack[0].replace(left=0), *stack.layers[1:3], stack[3].replace(left=70))
    seen = viewer.see()
    expected = matte(flatten(stack.replace(layers=(shifted[0], shifted[3]))))
    assert np.array_equal(seen[60:70, :20], expected[60:70, :20])
    assert np.array_equal(seen[10:28, 72:118], expected[10:28, 72:118])
    mouse.up()
    viewer.page.wait_for_timeout(50)
    assert worst(viewer.see(), stack) == 0


@pytest.mark.tools
def test_a_click_on_the_picture_selects_the_layer_there(view):
    viewer = view(part_stack())
    x, y = viewer.page.evaluate("() => [state.x, stage.offsetTop + state.y]")
    for (left, top), name in {(55, 45): "irides-l", (15, 65): "back hair", (100, 20): "front hair"}.items():
        viewer.page.mouse.click(x + left, y + top)
        assert viewer.page.locator("li.selected b").text_content() == name


@pytest.mark.tools
def test_hostile_names_stay_text(view):
    stack = LayerStack(
        8,
        8,
        (Layer(HOSTILE, solid(8, 8, 1, 2, 3, 255), group=(HOSTILE,)),),
        Provenance("parts", "m", "0", source_name=HOSTILE),
    )
    viewer = view(stack)
    assert viewer.page.title().startswith(HOSTILE)
    assert viewer.page.locator("li b").all_text_contents() == [HOSTILE, HOSTILE]
    assert viewer.said == []


@pytest.mark.tools
@pytest.mark.parametrize("size", [(390, 844), (1280, 800)])
def test_nothing_overflows(view, size):
    viewer = view(part_stack(), flatten(part_stack()))
    viewer.page.set_viewport_size({"width": size[0], "height": size[1]})
    overflow = viewer.page.evaluate(
        "() => [document.body.scrollWidth - innerWidth, document.body.scrollHeight - innerHeight]"
    )
    assert overflow == [0, 0]
    for name in ("Picture", "Parallax", "Explode", "Compare", "Fit", "Reset"):
        box = viewer.page.get_by_role("button", name=name, exact=True).bounding_box()
        assert 0 <= box["x"] <= size[0] - box["width"]


@pytest.mark.tools
def test_an_empty_stack_opens(view):
    viewer = view(LayerStack(20, 30, ()))
    viewer.press("s", "e", "ArrowDown", " ", "[", "Escape")
    assert viewer.said == []
