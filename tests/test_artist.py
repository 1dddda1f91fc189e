"""The synthetic artist as a whole: exact, complete, the same every time."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np
import pytest
from drawing import needs

needs("skia")

from animelayers.artist import camera, scenery  # noqa: E402
from animelayers.artist.dice import Dice  # noqa: E402
from animelayers.artist.studio import sample  # noqa: E402
from animelayers.composite import difference, flatten  # noqa: E402
from animelayers.data.sample import SLOTS, Sample  # noqa: E402
from animelayers.errors import DataError  # noqa: E402
from animelayers.parts import PART_LABELS, split_part  # noqa: E402
from animelayers.stack import Blend  # noqa: E402

SEEDS = range(8)


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return [sample(seed, 192, 128) for seed in SEEDS]


def test_parts_flatten_to_the_picture(samples):
    for made in samples:
        assert difference(flatten(made.parts), made.picture).max() == 0


def test_every_part_is_what_its_rendering_layers_flatten_to(samples):
    for made in samples:
        assert set(made.cells) == set(made.parts.names)
        for layer in made.parts:
            assert difference(flatten(made.cells[layer.name]), layer.rgba).max() == 0


def test_the_rendering_layers_flatten_to_the_picture(samples):
    for made in samples:
        assert made.rendering.names == SLOTS
        assert [layer.blend for layer in made.rendering] == [Blend.NORMAL, Blend.MULTIPLY, Blend.SCREEN, Blend.NORMAL]
        assert difference(flatten(made.rendering), made.picture).max() == 0


def test_the_size_changes_the_pixels_only():
    small, large = sample(1, 192, 128), sample(1, 384, 256)
    assert small.attributes == large.attributes
    for name, (y, x) in small.keypoints.items():
        assert large.keypoints[name] == pytest.approx((2 * y, 2 * x))
    agreeing = small.visible == large.visible[::2, ::2]
    assert agreeing.mean() > 0.97


def test_names_and_maps_agree(samples):
    for made in samples:
        tags = {split_part(name)[0] for name in made.parts.names}
        assert tags <= set(PART_LABELS)
        shown = set(np.unique(made.visible)) - {0}
        assert shown <= {PART_LABELS[tag] for tag in tags}
        assert ((made.depth > 0) == (made.picture[..., 3] >= 128)).all()


def test_covered_parts_are_whole(samples):
    for made in samples:
        face = sum((layer.rgba[..., 3] >= 128).sum() for layer in made.parts if layer.name.startswith("face"))
        assert (made.visible == PART_LABELS["face"]).sum() < 0.9 * face


def test_whole_irides_lie_under_lids():
    """An iris is an ellipse, wider than what the lids leave of it to see."""
    made = sample(0, 768, 512)
    names = made.parts.names
    for name in ("irides-r", "irides-l"):
        iris = made.parts[name].rgba[..., 3] >= 128
        assert iris.mean() == pytest.approx(np.pi / 4, abs=0.1)
        assert any(split_part(above)[0] == "face" for above in names[names.index(name) :])


def digest(made: Sample) -> str:
    planes = (made.picture, made.image, made.depth, made.visible, *(layer.rgba for layer in made.parts))
    return hashlib.sha256(b"".join(np.ascontiguousarray(plane).tobytes() for plane in planes)).hexdigest()


def test_the_same_seed_is_the_same_bytes_in_another_process():
    program = (
        "import sys; sys.path.insert(0, 'tests'); from test_artist import digest, sample; "
        "print([digest(sample(s, 128, 96)) for s in (3, 4)])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str([digest(sample(s, 128, 96)) for s in (3, 4)])


def test_seeds_differ(samples):
    assert len({digest(made) for made in samples}) == len(samples)


@pytest.mark.parametrize(("seed", "height", "width"), [(0, 10, 100), (0, 100, 10**5), (-1, 100, 100)])
def test_what_cannot_be_drawn_is_said(seed, height, width):
    with pytest.raises(DataError) as caught:
        sample(seed, height, width)
    assert caught.value.hint


@pytest.mark.parametrize("kind", scenery.KINDS)
def test_backgrounds(kind):
    first, again = (scenery.draw(kind, 96, 64, Dice(5)) for _ in range(2))
    assert (first == again).all()
    assert set(np.unique(first[..., 3])) == ({0} if kind == "transparent" else {255})
    if kind in ("gradient", "pattern", "scene"):
        assert len(np.unique(first.reshape(-1, 4), axis=0)) > 1


@pytest.mark.parametrize("kind", [*scenery.PATTERNS, *scenery.SCENES])
def test_every_pattern_and_scene_fills_the_canvas(kind):
    sheet = scenery.Sheet((0, 0, 60, 90), 60, (0.0, 0.0))
    scenery.fill(sheet, (200, 180, 160), 1.5)
    if kind in scenery.PATTERNS:
        scenery.PATTERNS[kind](sheet, (90, 80, 200), 1.5, Dice(2))
    else:
        scenery.SCENES[kind](sheet, 1.5, Dice(2))
    assert (sheet.pixels()[..., 3] == 255).all()
    assert sheet.pixels()[..., :3].std() > 1


@pytest.mark.parametrize("step", camera.STEPS)
def test_the_camera_leaves_everything_in_its_place(step):
    image = sample(2, 192, 128).picture.copy()
    image[image[..., 3] < 255] = 255
    after = camera.STEPS[step](np.ascontiguousarray(image[..., :3]), Dice(1))
    assert after.shape == (192, 128, 3)
    assert after.dtype == np.uint8
    assert (after != image[..., :3]).any()
    assert np.abs(after.astype(int) - image[..., :3]).mean() < 8


def test_the_camera_keeps_two_in_five_pictures():
    image = np.full((16, 16, 4), 255, np.uint8)
    kept = sum(not camera.take(image, Dice(seed))[1] for seed in range(300))
    assert 0.35 < kept / 300 < 0.6


def test_noise_is_bell_shaped_and_reproducible():
    noise = camera.bell((200, 200), Dice(1))
    assert noise.mean() == pytest.approx(0, abs=0.02)
    assert noise.std() == pytest.approx(1, abs=0.02)
    assert (noise == camera.bell((200, 200), Dice(1))).all()
