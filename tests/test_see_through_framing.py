"""Pages, head boxes and colour under alpha 0, in closed form and against what the reference implementation made."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from recorded import DATA

from animelayers.models.see_through.colour_pad import padded
from animelayers.models.see_through.framing import MARGIN, Frame, carried, carried_map, head_box

HEADS = json.loads((DATA / "head_crop.json").read_text("utf-8"))
PAD_BAR = ("sticks_out_left", "box_in_pad_bar", "wide_box_in_pad_bar")


def picture(case, what):
    return np.asarray(Image.open(DATA / "head_crop" / f"{case}_{what}.png"))


def head_of(case):
    rgba = picture(case, "input")
    frame = Frame.around((0, 0, *rgba.shape[:2]), HEADS["cases"][case]["R"])
    return head_box(picture(case, "head_alpha"), frame, rgba.shape[:2])


def area(side, top, left, height, width):
    alpha = np.zeros((side, side), np.uint8)
    alpha[top : top + height, left : left + width] = 255
    return alpha


def painted(height, width):
    """Smooth and opaque."""
    y, x = np.mgrid[:height, :width]
    waves = [127 + 100 * np.sin(x / 31 + y / 47 + shift) for shift in (0, 2, 4)]
    return np.dstack([*waves, np.full_like(waves[0], 255)]).astype(np.uint8)


# --- pages


@pytest.mark.parametrize("case", range(5))
def test_a_page_is_that_of_the_reference_where_nothing_can_leak(case):
    stored = np.load(DATA / "resize_pad.npz")
    given, wanted = stored[f"in_{case}"], stored[f"out_{case}"].astype(int)
    found = Frame.around((0, 0, *given.shape[:2]), len(wanted)).page(given)
    off = np.abs(found - wanted)
    assert off[..., 3].max() <= 1
    assert off[wanted[..., 3] == 255].max(initial=0) <= 1
    hard = np.where(given[..., 3:] < 255, np.uint8(0), given)
    assert not Frame.around((0, 0, *given.shape[:2]), len(wanted)).page(hard)[wanted[..., 3] == 0].any()


@pytest.mark.parametrize("case", HEADS["cases"])
def test_the_page_of_a_whole_picture_is_that_of_the_reference(case):
    given, wanted = picture(case, "input"), picture(case, "out_src_img")
    off = np.abs(Frame.around((0, 0, *given.shape[:2]), len(wanted)).page(given).astype(int) - wanted)
    assert off[..., 3].max() <= 1
    assert off[wanted[..., 3] == 255].max() <= 1


@pytest.mark.parametrize("side", [24, 50, 71])
def test_hidden_colour_never_reaches_a_page(side):
    rgba = np.full((50, 50, 4), (0, 255, 0, 0), np.uint8)
    rgba[:, :21] = 200, 40, 0, 255
    page = Frame.around((0, 0, 50, 50), side).page(rgba)
    shown = page[..., 3] > 8
    assert np.abs(page[shown][:, :3].astype(int) - (200, 40, 0)).max() <= 8
    assert not page[page[..., 3] == 0].any()


def test_beyond_the_picture_a_page_is_transparent():
    page = Frame((-10, 20, 30, 60), 40).page(painted(30, 50))
    assert np.array_equal(page[10:, :30], painted(30, 50)[:, 20:])
    assert not page[:10].any()
    assert not page[:, 30:].any()


def test_a_frame_is_the_smallest_square_about_a_box():
    assert Frame.around((0, 0, 37, 53), 64).box == (-8, 0, 45, 53)
    assert Frame.around((10.2, 4.9, 19.1, 8), 64).box == (10, 1, 20, 11)
    assert Frame.around((3, 3, 3, 3), 64).box == (3, 3, 4, 4)


@pytest.mark.parametrize("side", [64, 173, 512])
def test_where_a_pixel_of_a_page_lies_is_known_to_a_fraction_of_one(side):
    rgba = np.zeros((211, 157, 4), np.uint8)
    rgba[60:83, 31:48] = 255
    frame = Frame.around((20, 7, 140, 100), side)
    weight = frame.page(rgba)[..., 3] / 255.0
    y, x = (float((weight.sum(axis=axis) * (np.arange(side) + 0.5)).sum() / weight.sum()) for axis in (1, 0))
    assert frame.placed((y, x, y, x))[:2] == pytest.approx((71.5, 39.5), abs=0.05)


# --- from page to page


@pytest.mark.parametrize("there", [Frame((-20, -40, 280, 260), 96), Frame((60, 71, 190, 201), 300)])
def test_what_is_carried_lies_where_the_picture_has_it(there):
    rgba = painted(240, 210)
    here = Frame((40, 50, 223, 233), 256)
    found = carried(here.page(rgba), here, there)
    sure = found[..., 3] == 255
    assert sure.sum() > 2000
    assert np.abs(found[sure].astype(int) - there.page(rgba)[sure]).max() <= 5
    values = carried_map(here.page(rgba)[..., 0].astype(np.float32), here, there)
    assert np.abs(values[sure] - there.page(rgba)[sure][:, 0]).max() <= 5


def test_a_move_of_a_third_of_a_pixel_is_one():
    """A ramp of 3 levels a pixel of the picture, 3 pixels of it to one of the page: 1 px of the picture is 3 levels."""
    ramp = np.tile(np.arange(60, dtype=np.float32) * 9, (60, 1))
    here = Frame((0, 0, 180, 180), 60)
    moved = carried_map(ramp, here, Frame((0, 1, 180, 181), 60))
    assert moved[:, 1:-1] == pytest.approx(ramp[:, 1:-1] + 3, abs=0.3)  # OpenCV knows 1/32 px
    assert np.array_equal(carried_map(ramp, here, here), ramp)


def test_carrying_darkens_no_edge():
    rgba = np.full((128, 128, 4), (0, 0, 0, 0), np.uint8)
    rgba[30:90, 30:90] = 250, 240, 230, 255
    here = Frame((0, 0, 64, 64), 128)
    for there in (Frame((0, 0, 64, 64), 37), Frame((3, 3, 50, 50), 90)):
        found = carried(rgba, here, there)
        assert np.abs(found[found[..., 3] > 40][:, :3].astype(int) - (250, 240, 230)).max() <= 3
        assert not found[found[..., 3] == 0].any()


# --- the head


def test_a_head_box_is_that_of_the_reference_where_that_is_right():
    """The reference truncates to whole pixels place, size and margin, so three times where a box ends."""
    compared = 0
    for recorded in (*HEADS["cases"].values(), *HEADS["arithmetic_cases"]):
        left, top, width, height = recorded["head_box_on_canvas_xywh"]
        if not width or "speck" in recorded.get("note", ""):
            continue
        size = tuple(recorded["input_hw"])
        frame = Frame.around((0, 0, *size), recorded["R"])
        assert frame.scale == recorded["scale"]
        found = head_box(area(recorded["R"], top, left, height, width), frame, size)
        for axis, start in enumerate((1, 0)):
            at, span = (recorded["head_box_on_input_xywh"][number] for number in (start, start + 2))
            room, spare = min(at, size[axis] - at - span), size[axis] - 2 * span
            if room < (span // 5 if spare > 0 else 0) or abs(spare) <= 2:
                continue  # its margins at borders are wrong, and its half a pixel more or less than half
            compared += 1
            assert -1.3 < found[axis] - recorded["crop_box_on_input_xyxy"][start] < 1
            assert 0 <= found[axis + 2] - recorded["crop_box_on_input_xyxy"][start + 2] < 3.3
    assert compared > 50


def test_a_speck_is_no_part_of_a_head():
    """The reference: from 71 to 186, the speck included."""
    alpha = picture("landscape_speck", "head_alpha").copy()
    rgba = picture("landscape_speck", "input")
    frame = Frame.around((0, 0, *rgba.shape[:2]), len(alpha))
    with_it = head_box(alpha, frame, rgba.shape[:2])
    assert (alpha == 40).any()
    alpha[alpha == 40] = 0
    assert with_it == head_box(alpha, frame, rgba.shape[:2])
    assert with_it[3] < 130


def test_a_head_at_the_border_has_the_same_room_on_both_sides():
    top, left, bottom, right = head_of("touches_left")
    across = (right - left) / (1 + 2 * MARGIN)
    assert left == pytest.approx(21 * 1.09375 - 22 - MARGIN * across)
    assert Frame.around((top, left, bottom, right), 64).box[1] < 0
    assert bottom - top == pytest.approx(35 * 1.09375 * (1 + 2 * MARGIN))


@pytest.mark.parametrize("case", PAD_BAR)
def test_a_head_that_reaches_beyond_the_picture_keeps_all_of_it_that_is_in(case):
    recorded = HEADS["cases"][case]
    left, top, width, height = recorded["head_box_on_canvas_xywh"]
    frame = Frame.around((0, 0, *recorded["input_hw"]), recorded["R"])
    inside = frame.placed((top, left, top + height, left + width))
    box = head_of(case)
    square = Frame.around(box, 128).box
    for outer in (box, square):
        assert outer[1] <= 0
        assert outer[3] >= inside[3]
        assert outer[0] <= inside[0]
        assert outer[2] >= inside[2]
    middle = (max(0, inside[1]) + inside[3]) / 2
    assert (square[1] + square[3]) / 2 == pytest.approx(middle, abs=1)


def test_no_head_is_an_answer():
    assert head_of("no_head") is None
    frame = Frame.around((0, 0, 140, 96), 128)
    assert head_box(area(128, 100, 60, 2, 3), frame, (140, 96)) is None
    assert head_box(np.full((128, 128), 15, np.uint8), frame, (140, 96)) is None
    assert head_box(area(128, 40, 0, 30, 15), frame, (140, 96)) is None  # beside the picture


def test_ears_apart_from_the_face_are_of_the_head_and_others_heads_are_not():
    frame, size = Frame.around((0, 0, 400, 400), 200), (400, 400)
    face = area(200, 60, 60, 40, 40)
    ears = face | area(200, 45, 60, 10, 10) | area(200, 45, 90, 10, 10)
    assert head_box(ears, frame, size) == pytest.approx((90 - 22, 120 - 16, 200 + 22, 200 + 16))
    assert head_box(face | area(200, 60, 150, 30, 30), frame, size) == head_box(face, frame, size)


# --- colour under alpha 0


def test_the_fill_is_that_of_the_reference():
    stored = np.load(DATA / "color_pad.npz")
    assert np.abs(padded(stored["rgba"]) - stored["torch_rgb"]).max() < 1e-5
    assert not padded(np.zeros((16, 16, 4), np.uint8)).any()


def test_the_fill_knows_height_from_width():
    """The reference mistakes one for the other."""
    rgba = np.load(DATA / "color_pad.npz")["rgba_nonsquare"]
    found = padded(rgba)
    assert found.shape == (30, 44, 3)
    assert np.abs(found - padded(rgba.swapaxes(0, 1)).swapaxes(0, 1)).max() < 1e-6
    solid = rgba[..., 3] == 255
    assert solid.any()
    assert np.abs(found[solid] - rgba[solid][:, :3] / 255.0).max() < 1e-6
    assert padded(rgba[:1]).shape == (1, 44, 3)


def test_one_colour_fills_everything_and_hidden_ones_nothing():
    rgba = np.full((20, 33, 4), (0, 255, 9, 0), np.uint8)
    rgba[5:9, 20:24] = 200, 100, 50, 128
    assert padded(rgba) == pytest.approx(np.broadcast_to(np.array([200, 100, 50]) / 255, (20, 33, 3)), abs=1e-5)
