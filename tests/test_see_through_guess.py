"""From the layers of passes to a guess: who is seen, in closed form, and what becomes of dust, lids and heads."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.usefixtures("diffusion")

SIDE = 64
RED, BLUE, SKIN = (220, 40, 40), (40, 40, 220), (250, 220, 200)


def paint(colour, box, alpha=255):
    out = np.zeros((SIDE, SIDE, 4), np.uint8)
    top, left, bottom, right = box
    out[top:bottom, left:right] = (*colour, alpha)
    return out


def page_of(*layers):
    out = np.zeros((SIDE, SIDE, 4), np.uint8)
    for layer in layers:
        np.copyto(out, layer, where=layer[..., 3:] > 0)
    return out


def flat(value):
    return np.full((SIDE, SIDE), value, np.float32)


def frame(box=(0, 0, SIDE, SIDE)):
    from animelayers.models.see_through.framing import Frame

    return Frame(box, SIDE)


WHOLE = (0, 0, SIDE, SIDE)


def test_the_nearer_of_two_is_seen():
    from animelayers.models.see_through.guess import DOUBT, seen_of

    parts = {"topwear": paint(RED, WHOLE), "handwear": paint(RED, WHOLE)}
    seen = seen_of(page_of(paint(RED, WHOLE)), parts, {"topwear": flat(0.2), "handwear": flat(0.6)})
    assert seen[1] == pytest.approx(1 - DOUBT / 2, abs=1e-5)
    assert seen.sum(axis=0) == pytest.approx(1, abs=1e-5)


def test_the_colour_of_the_picture_outweighs_depth_that_errs():
    from animelayers.models.see_through.guess import seen_of

    parts = {"topwear": paint(RED, WHOLE), "handwear": paint(BLUE, WHOLE)}
    seen = seen_of(page_of(paint(RED, WHOLE)), parts, {"topwear": flat(0.2), "handwear": flat(0.6)})
    assert (seen[0] > 0.9).all()


def test_half_a_veil_shows_half_of_what_is_behind():
    from animelayers.models.see_through.guess import DOUBT, seen_of

    grey = (128, 128, 128)
    parts = {"face": paint(grey, WHOLE), "headwear": paint(grey, WHOLE, 128)}
    seen = seen_of(page_of(paint(grey, WHOLE)), parts, {"face": flat(0.2), "headwear": flat(0.6)})
    share = 128 / 255
    assert seen[1] == pytest.approx((1 - DOUBT) * share + DOUBT * share / (1 + share), abs=1e-4)


def test_where_no_part_is_nobody_is_seen():
    from animelayers.models.see_through.guess import seen_of

    seen = seen_of(page_of(paint(RED, WHOLE)), {"topwear": paint(RED, (0, 0, 32, SIDE))}, {})
    assert (seen[0, :32] == 1).all()
    assert not seen[0, 32:].any()


def guess_of(rgba, near=None, head=None):
    from animelayers.models.see_through.guess import Layers, guessed

    page = page_of(*(layer for tag, layer in rgba.items() if tag != "head"))
    passes = [Layers(frame(), page, rgba)]
    if head is not None:
        passes.append(Layers(frame((0, 16, 32, 48)), frame((0, 16, 32, 48)).page(page), head))
    return guessed(passes, near or {}, frame())


def test_dust_is_no_part_and_what_was_dropped_is_absent():
    dust = paint(RED, WHOLE, 9)
    look = guess_of({"topwear": paint(RED, (20, 0, 64, 64)), "wings": dust, "head": paint(SKIN, WHOLE)}).looks[0]
    assert dict(zip(look.tags, look.presence, strict=True)) == {"topwear": 1, "wings": 0}
    assert not look.alpha[look.tags.index("wings")].any()


def test_what_lies_at_the_lower_and_right_edge_is_kept():
    shoes = {"footwear": paint(BLUE, (60, 20, 64, 50)), "objects": paint(RED, (10, 61, 40, 64))}
    look = guess_of({"topwear": paint(SKIN, (10, 10, 50, 40)), **shoes}).looks[0]
    assert look.presence.all()
    assert all(look.visible[look.tags.index(tag)].max() > 0.99 for tag in shoes)


def test_irides_lie_before_the_white_of_the_eye_whatever_depth_says():
    eye = {"face": paint(SKIN, WHOLE), "eyewhite": paint((250, 250, 250), (20, 20, 40, 44))}
    look = guess_of({**eye, "irides": paint(BLUE, (24, 26, 38, 36))}, {tag: flat(0.5) for tag in (*eye, "irides")})
    look = look.looks[0]
    depth = {tag: look.depth[at] for at, tag in enumerate(look.tags)}
    assert (depth["irides"] > depth["eyewhite"]).all()
    assert (depth["eyewhite"] > depth["face"]).all()
    assert look.visible[look.tags.index("irides"), 30, 30] > 0.99


def test_hair_hides_the_face_in_the_look_at_the_head():
    body = {"topwear": paint(RED, (32, 0, 64, 64)), "front hair": paint(BLUE, (0, 16, 16, 48))}
    face = paint(SKIN, WHOLE)  # all of the head's page
    page_face = {"face": face}
    near = {"front hair": flat(0.9), "face": flat(0.5), "topwear": flat(0.4)}
    figure, head = guess_of({**body, "head": paint(SKIN, (0, 16, 32, 48))}, near, page_face).looks
    assert head.tags == ("face",)
    assert head.box == (0, 16, 32, 48)
    assert (head.visible[0, 36:60] > 0.9).all(), "below the fringe"
    assert (head.visible[0, 4:28] < 0.1).all(), "behind it"
    assert (head.alpha[0] == 1).all(), "but whole"
    assert figure.visible[figure.tags.index("front hair"), 4:14, 20:44].min() > 0.9


def test_a_guess_needs_half_a_character():
    assert guess_of({"face": paint(SKIN, WHOLE), "topwear": paint(RED, (40, 0, 64, 64))}).person == 1
    assert guess_of({"objects": paint(RED, (40, 0, 64, 64))}).person == 0
