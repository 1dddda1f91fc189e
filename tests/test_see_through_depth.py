"""Depth against numbers recorded from the reference implementation, and where that is wrong, in closed form."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from recorded import CLOSE, DATA, Recorded

pytestmark = pytest.mark.usefixtures("diffusion")

CASE = DATA / "full_case"


@pytest.fixture(scope="module")
def unet(diffusion):
    from animelayers.models.see_through.unet import CLASS_NAME, PartsUNet

    recorded = Recorded("unet_depth_tiny")
    made = PartsUNet.from_config({"_class_name": CLASS_NAME, **recorded.about["config"]})
    made.load_state_dict(recorded.under("weights."), strict=True)
    return made.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def vae(diffusion):
    from diffusers import AutoencoderKL

    recorded = Recorded("vae_wrappers_tiny")
    made = AutoencoderKL(**{**recorded.about["config_vae"], "scaling_factor": 0.18215})
    made.load_state_dict(recorded.under("weights."), strict=True)
    return made.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def words(diffusion):
    from animelayers.models.see_through.unet import Words

    return Words(Recorded("depth_loop_tiny")["inputs.empty_text_embed"])


@pytest.fixture(scope="module")
def scheduler(diffusion):
    from animelayers.models.see_through.schedule import depth_scheduler

    return depth_scheduler()


@pytest.fixture(scope="module")
def drawn(diffusion):
    """Parts and page of the recorded character, without its head."""
    files = {path.stem: np.asarray(Image.open(path)) for path in sorted((CASE / "input").glob("*.png"))}
    page = files.pop("src_img")
    return files, page


def noise(height=64, width=64):
    import torch

    return torch.randn(20, 4, height // 8, width // 8, generator=torch.Generator().manual_seed(4))


def sheet(top, bottom, colour, size=(64, 64)):
    """Rows of one colour."""
    rgba = np.zeros((*size, 4), np.uint8)
    rgba[top:bottom, 8:56] = colour
    return rgba


def some_parts(size=(64, 64)):
    return {
        "face": sheet(10, 40, (250, 220, 200, 255), size),
        "eyewhite": sheet(20, 30, (255, 255, 255, 255), size),
        "irides": sheet(22, 28, (30, 60, 200, 255), size),
        "back hair": sheet(2, 50, (80, 30, 20, 255), size),
        "front hair": sheet(2, 14, (120, 60, 30, 200), size),
        "wings": np.zeros((*size, 4), np.uint8),
    }


# --- the network


def test_from_pictures_to_depth_it_is_the_reference(unet, vae, scheduler, words):
    import torch

    from animelayers.models.see_through.depth import decoded, denoised, encoded

    recorded = Recorded("depth_loop_tiny")
    given = []

    class Listening:
        dtype = unet.dtype

        def __call__(self, sample, *rest):
            given.append(sample)
            return unet(sample, *rest)

    clean = encoded(vae, list(recorded["inputs.img_list_uint8"].numpy()))
    found = denoised(Listening(), scheduler, words, clean, recorded["inputs.initial_noise"])
    after = recorded["outputs.latents_after_step"]
    assert (
        given[0] - recorded["outputs.unet_input_step0"]
    ).abs().max() < 4 * CLOSE  # pictures were scaled by another library
    for step in range(3):
        assert (given[step + 1][0, :, 8:] - after[step]).abs().max() < 4 * CLOSE
    assert (found - after[-1]).abs().max() < 4 * CLOSE
    depth = torch.from_numpy(np.stack(decoded(vae, found)))
    assert (depth - recorded["outputs.depth01"]).abs().max() < CLOSE


def test_all_frames_in_their_order_whoever_is_there(unet, vae, scheduler, words):
    """Absent parts are blank frames; what is encoded and decoded once or never changes nothing."""
    from animelayers.models.see_through.conditioning import DEPTH_FRAMES
    from animelayers.models.see_through.depth import covered, decoded, denoised, depth_of, encoded, merged

    parts, page, told = some_parts(), sheet(0, 60, (90, 120, 60, 255)), []
    found = depth_of(unet, vae, scheduler, words, parts, page, noise(), on_step=lambda *step: told.append(step))
    shown = merged(parts)
    frames = [shown.get(tag, np.zeros((64, 64, 4), np.uint8)) for tag in DEPTH_FRAMES[:-1]]
    clean = encoded(vae, [*frames, covered(page, shown)])
    plain = decoded(vae, denoised(unet, scheduler, words, clean, noise()))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert set(found) == set(parts) - {"wings"}
    assert found["face"] == pytest.approx(plain[DEPTH_FRAMES.index("face")], abs=CLOSE)
    hair = parts["front hair"][..., 3] > 0
    assert found["front hair"][hair] == pytest.approx(plain[0][hair], abs=CLOSE)
    assert found["face"].dtype == np.float32
    assert found["face"].std() > 0.01


def test_absent_frames_may_be_left_out(unet, vae, scheduler, words):
    from animelayers.models.see_through.conditioning import DEPTH_FRAMES, PAGE
    from animelayers.models.see_through.depth import covered, decoded, denoised, depth_of, encoded, merged

    parts, page = some_parts(), sheet(0, 60, (90, 120, 60, 255))
    found = depth_of(unet, vae, scheduler, words, parts, page, noise(), drop_absent=True)
    shown = merged(parts)
    assert list(shown) == ["hair", "face", "eyes"]
    clean = encoded(vae, [*shown.values(), covered(page, shown)])
    rows = [DEPTH_FRAMES.index(tag) for tag in (*shown, PAGE)]
    plain = decoded(vae, denoised(unet, scheduler, words, clean, noise()[rows]))
    assert found["face"] == pytest.approx(plain[1], abs=CLOSE)
    whole = depth_of(unet, vae, scheduler, words, parts, page, noise())
    assert set(whole) == set(found)
    assert np.abs(whole["face"] - found["face"]).max() > 1e-3


def test_a_page_may_be_wider_than_high(unet, vae, scheduler, words):
    """The reference mistakes height for width on the way."""
    from animelayers.models.see_through.depth import depth_of

    size = (64, 128)
    found = depth_of(unet, vae, scheduler, words, some_parts(size), sheet(0, 60, 255, size), noise(*size))
    assert {depth.shape for depth in found.values()} == {size}
    with pytest.raises(ValueError, match="noise for"):
        depth_of(unet, vae, scheduler, words, some_parts(size), sheet(0, 60, 255, size), noise())


def test_where_nothing_is_there_is_no_depth(unet, vae, scheduler, words):
    from animelayers.models.see_through.depth import depth_of

    haze = np.full((64, 64, 4), (200, 200, 200, 14), np.uint8)
    assert depth_of(unet, vae, scheduler, words, {"face": haze}, sheet(0, 60, 255), noise()) == {}


# --- what it is shown


def test_it_is_shown_what_the_reference_shows(drawn):
    """That hands on colour × alpha as if it were the colour, so what is straight here is multiplied to compare."""
    from animelayers.color import premultiplied
    from animelayers.models.see_through.depth import covered, merged
    from animelayers.models.see_through.framing import Frame, carried

    parts, page = drawn
    shown = merged(parts)
    shown["all"] = covered(page, shown)
    stored = np.load(CASE / "depth_input_frames.npz")
    box = (0, 0, 256, 256)
    for name, wanted in stored.items():
        found = carried(shown[name], Frame(box, 256), Frame(box, 192))
        opaque = (wanted[..., 3] == 255) & (found[..., 3] == 255)
        assert np.abs(found[opaque].astype(int) - wanted[opaque]).max() <= 2
        if name in ("eyes", "hair"):
            assert np.abs(premultiplied(found)[..., :3] - wanted[..., :3])[wanted[..., 3] > 0].max() <= 2
        if name != "eyes":  # of whose soft edges it adds up the alphas
            assert np.abs(found[..., 3].astype(int) - wanted[..., 3]).max() <= 1


def test_soft_parts_keep_their_colour_when_they_are_put_together():
    from animelayers.models.see_through.depth import merged

    parts = {"front hair": sheet(0, 40, (200, 100, 50, 128)), "back hair": sheet(20, 60, (40, 80, 120, 128))}
    found = merged(parts)["hair"]
    assert found[10, 20].tolist() == [200, 100, 50, 128]
    assert found[50, 20].tolist() == [40, 80, 120, 128]
    below = 128 / 255 * (1 - 128 / 255)
    alpha = 128 / 255 + below
    mixed = (np.array([200, 100, 50]) * 128 / 255 + np.array([40, 80, 120]) * below) / alpha
    assert found[30, 20] == pytest.approx([*mixed, alpha * 255], abs=0.51)


def test_classes_may_come_whole():
    from animelayers.models.see_through.depth import merged, parted

    hair = sheet(0, 40, (200, 100, 50, 128))
    assert np.array_equal(merged({"hair": hair})["hair"], hair)
    depth = np.linspace(0, 1, 64 * 64, dtype=np.float32).reshape(64, 64)
    assert np.array_equal(parted({"hair": hair}, {"hair": depth})["hair"], depth)


def test_the_background_is_not_shown_and_nothing_hidden_is():
    from animelayers.models.see_through.depth import covered

    page = np.full((64, 64, 4), (10, 20, 30, 255), np.uint8)
    page[:, 40:] = 0, 255, 0, 0
    found = covered(page, {"face": sheet(10, 40, (0, 0, 0, 100)), "hair": sheet(30, 50, (0, 0, 0, 200))})
    assert found[20, 20].tolist() == [10, 20, 30, 100]
    assert found[35, 20].tolist() == [10, 20, 30, 255]
    assert not found[:, 40:].any()
    assert not found[55:].any()


# --- what it says


def test_classes_are_taken_apart_as_the_reference_does(drawn):
    from animelayers.models.see_through.depth import parted
    from animelayers.models.see_through.framing import Frame, carried_map
    from animelayers.parts import PAPER_MERGED

    parts, _ = drawn
    stub = json.loads((CASE / "full_case.json").read_text("utf-8"))["depth_network_stub"]
    ramp = np.linspace(0, 1, stub["size"])
    box, depth = (0, 0, 256, 256), {}
    for tag in PAPER_MERGED:
        start, across, down = stub["coefficients"][tag]
        said = (start + across * ramp + down * ramp[:, None]).astype(np.float32)
        depth[tag] = carried_map(said, Frame(box, stub["size"]), Frame(box, 256))
    found = parted(parts, depth)
    assert set(found) == {name for names in PAPER_MERGED.values() for name in names}
    for name, values in found.items():
        wanted = np.asarray(Image.open(CASE / "after_depth" / f"{name}_depth.png"))
        own = parts[name][..., 3] > 15
        assert own.sum() > 200
        assert np.abs((values * 255).astype(int) - wanted)[own].max() <= 1


def test_hidden_pixels_are_as_far_as_those_that_are_seen():
    from animelayers.models.see_through.depth import parted

    depth = np.tile(np.linspace(0, 1, 64, dtype=np.float32)[:, None], (1, 64))
    parts = {"back hair": sheet(10, 51, 255), "front hair": sheet(0, 30, 255)}
    found = parted(parts, {"hair": depth})
    assert np.array_equal(found["front hair"][:30, 8:56], depth[:30, 8:56])
    assert np.array_equal(found["back hair"][30:51, 8:56], depth[30:51, 8:56])
    assert found["back hair"][20, 20] == pytest.approx(depth[40, 0])
    assert found["front hair"][60, 20] == pytest.approx((depth[14, 0] + depth[15, 0]) / 2)


def test_a_part_of_which_nothing_is_seen_lies_behind_what_hides_it():
    """The reference makes it the nearest of all."""
    from animelayers.models.see_through.depth import BEHIND, parted

    depth = np.tile(np.linspace(0, 0.8, 64, dtype=np.float32)[:, None], (1, 64))
    parts = {"irides": sheet(20, 25, 255), "eyelash": sheet(10, 40, 255), "eyebrow": np.zeros((64, 64, 4), np.uint8)}
    found = parted(parts, {"eyes": depth})
    assert set(found) == {"irides", "eyelash"}
    assert found["irides"] == pytest.approx(np.full((64, 64), depth[22, 0] + BEHIND))
    far = parted(parts, {"eyes": np.ones_like(depth)})
    assert far["irides"].max() == 1
