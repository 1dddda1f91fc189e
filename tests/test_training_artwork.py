"""Layered art as a model learns it: one blend mode, one size, whatever files it comes in."""

import pickle

import numpy as np
import pytest
from drawing import needs
from samples import sample

from animelayers.composite import difference, flatten
from animelayers.data.folder import save_sample
from animelayers.data.sample import SLOTS
from animelayers.data.sets import save_set
from animelayers.errors import DataError
from animelayers.handoff.psd import write_psd
from animelayers.models.fitting import bucket
from animelayers.stack import Blend, Layer, LayerStack
from animelayers.training.art_set import artwork_of, open_art, survey
from animelayers.training.artwork import Artwork, as_normal, aspect, fitted, mirrored, window


def noise(height, width, seed, alpha=None):
    rgba = np.random.default_rng(seed).integers(0, 256, (height, width, 4), np.uint8)
    if alpha is not None:
        rgba[..., 3] = alpha
    return rgba


def artwork(picture, **layers):
    return Artwork("one", picture, layers or {"flat": picture})


def disc(size, centre, radius, colour=(200, 90, 40)):
    """Antialiased, uint8 [h, w, 4]."""
    y, x = np.indices(size)
    cover = np.clip(radius + 0.5 - np.hypot(y - centre[0], x - centre[1]), 0, 1)
    rgba = np.zeros((*size, 4), np.uint8)
    rgba[cover > 0, :3] = colour
    rgba[..., 3] = np.round(cover * 255)
    return rgba


def flattened(art):
    return flatten(LayerStack(*art.size, tuple(Layer(name, sheet) for name, sheet in art.layers.items())))


# --- one blend mode


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("mode", Blend)
def test_normal_layers_are_the_same_picture(mode, soft):
    ground = noise(40, 30, 1, None if soft else 255)
    layers = (
        Layer("flat", ground),
        Layer("shadow", noise(30, 40, 2), 3, -5, blend=mode),
        Layer("highlight", noise(40, 30, 3), blend=mode),
        Layer("line", noise(40, 30, 4)),
        Layer("sketch", noise(40, 30, 5), visible=False),
    )
    stack = LayerStack(40, 30, layers)
    normal = as_normal(stack)
    assert normal.names == ("flat", "shadow", "highlight", "line")
    assert all((one.blend, one.opacity, one.rgba.shape) == (Blend.NORMAL, 1, (40, 30, 4)) for one in normal)
    assert (normal["highlight"].rgba[..., 3] == layers[2].rgba[..., 3]).all()
    assert difference(flatten(normal), flatten(stack)).max() <= 1


def test_over_an_opaque_colour_it_is_the_blended_one():
    ground, shade = np.full((2, 2, 4), 255, np.uint8), np.full((2, 2, 4), 128, np.uint8)
    ground[..., :3] = 200
    stack = LayerStack(2, 2, (Layer("flat", ground), Layer("shadow", shade, blend=Blend.MULTIPLY)))
    assert as_normal(stack)["shadow"].rgba[0, 0].tolist() == [100, 100, 100, 128]  # 200 × 128 / 255 = 100.4


def test_opacity_goes_into_alpha():
    stack = LayerStack(
        30, 30, (Layer("flat", noise(30, 30, 1, 255)), Layer("line", noise(30, 30, 2, 200), opacity=0.5))
    )
    normal = as_normal(stack)
    assert (normal["line"].rgba[..., 3] == 100).all()
    assert difference(flatten(normal), flatten(stack)).max() <= 1


def test_nothing_becomes_nothing():
    assert len(as_normal(LayerStack(4, 4, ()))) == 0


# --- one size


@pytest.mark.parametrize(
    ("wanted", "area", "size"),
    [(1.5, 768 * 1152, (1152, 768)), (2 / 3, 768 * 1152, (768, 1152)), (1, 640 * 640, (640, 640)), (1, 256, (16, 16))],
)
def test_a_bucket_that_fits_is_taken(wanted, area, size):
    assert bucket(wanted, area) == size


@pytest.mark.parametrize("step", [16, 64])
def test_a_bucket_is_as_large_as_it_may_be(step):
    for wanted in np.geomspace(1 / 6, 6, 40):
        height, width = bucket(float(wanted), 500_000, step)
        assert height % step == width % step == 0
        assert height * width <= 500_000
        longer, shorter = max(height, width), min(height, width)
        assert abs(longer - shorter * max(wanted, 1 / wanted)) <= step / 2 + 1e-9
        assert (shorter + step) * ((shorter + step) * max(wanted, 1 / wanted) + step / 2) > 500_000


def test_a_bucket_that_cannot_be_is_refused():
    with pytest.raises(DataError, match="no size of 255 px"):
        bucket(1, 255)


def test_what_shows_fills_its_size_and_lies_in_the_middle():
    art = artwork(disc((200, 400), (80, 300), 50))
    top, left, bottom, right = window(art)
    assert (top, bottom, left, right) == (80 - 50 - 5, 80 + 51 + 5, 300 - 50 - 5, 300 + 51 + 5)
    assert aspect(art) == 1
    shown = fitted(art, (64, 96))
    found = shown.picture
    assert found.shape == shown.layers["flat"].shape == (64, 96, 4)
    rows, columns = np.flatnonzero(found[..., 3].any(1)), np.flatnonzero(found[..., 3].any(0))
    assert rows[0] + rows[-1] == pytest.approx(63, abs=1)
    assert columns[0] + columns[-1] == pytest.approx(95, abs=1)
    assert found[..., 3].sum() / 255 == pytest.approx(np.pi * (50 * 64 / 111) ** 2, rel=0.01)


@pytest.mark.parametrize("size", [(32, 32), (320, 320)])
def test_scaling_mixes_no_hidden_colour_in(size):
    shown = fitted(artwork(disc((100, 100), (50, 50), 40)), size).picture
    clear = shown[..., 3] >= 8
    assert np.abs(shown[clear][:, :3].astype(int) - (200, 90, 40)).max() <= 3
    assert not shown[shown[..., 3] == 0].any()


def test_what_reaches_the_edge_gets_no_margin():
    art = artwork(noise(48, 32, 0, 255))
    assert window(art) == (0, 0, 48, 32)
    assert (fitted(art, (48, 32)).picture == art.picture).all()


def test_sides_are_multiples_of_a_token():
    with pytest.raises(DataError, match="multiples of 16") as told:
        fitted(artwork(disc((40, 40), (20, 20), 9)), (100, 64))
    assert told.value.hint == "try 96 × 64"


def test_a_mirrored_copy_is_another_and_back():
    art = artwork(noise(20, 30, 0), line=noise(20, 30, 1))
    other = mirrored(art)
    assert (other.picture == art.picture[:, ::-1]).all()
    assert (other.layers["line"] == art.layers["line"][:, ::-1]).all()
    assert other.digest != art.digest
    assert mirrored(other).digest == art.digest


def test_the_digest_is_of_pixels_and_names():
    picture, sheet = noise(4, 4, 0), noise(4, 4, 1)
    found = artwork(picture, line=sheet).digest
    assert found == Artwork("another name", picture.copy(), {"line": sheet}).digest
    assert found != artwork(picture, flat=sheet).digest
    sheet = sheet.copy()
    sheet[3, 3, 3] ^= 1
    assert found != artwork(picture, line=sheet).digest


# --- whatever files it comes in


def test_a_sample_becomes_normal_layers_of_the_slots_asked_for():
    made = sample()
    art = artwork_of(made, SLOTS)
    assert tuple(art.layers) == SLOTS
    assert difference(flattened(art), made.picture).max() <= 1
    some = artwork_of(made, ("line", "flat"))
    assert list(some.layers) == ["line", "flat"]
    assert (some.layers["line"] == art.layers["line"]).all()


def test_a_layer_that_is_not_there_is_an_empty_sheet():
    made = sample()
    bare = made.rendering.replace(layers=tuple(one for one in made.rendering if one.name in ("flat", "line")))
    art = artwork_of(made.replace(rendering=bare, picture=flatten(bare)), SLOTS)
    assert art.layers["shadow"].shape == art.picture.shape
    assert not art.layers["shadow"].any()


def test_a_folder_may_mix_samples_and_psds(tmp_path):
    first, second = sample("a", seed=1), sample("b", seed=2)
    save_sample(first, tmp_path / "a")
    write_psd(second.rendering, tmp_path / "b.psd")
    write_psd(second.rendering, tmp_path / ".b.psd")
    (tmp_path / "notes").mkdir()
    art = open_art(tmp_path, SLOTS)
    assert [art.label(index) for index in range(len(art))] == ["a", "b.psd"]
    assert [one.id for one in art] == ["a", "b"]
    assert (art[1].picture == second.picture).all()
    assert difference(flattened(art[1]), second.picture).max() <= 1
    assert pickle.loads(pickle.dumps(art))[0].digest == artwork_of(first, SLOTS).digest
    assert len(open_art(tmp_path / "b.psd", SLOTS)) == len(open_art(tmp_path / "a", SLOTS)) == 1


def test_a_folder_of_psds_alone_is_art_too(tmp_path):
    write_psd(sample().rendering, tmp_path / "b.PSD")
    (tmp_path / "old").mkdir()
    assert len(open_art(tmp_path, SLOTS)) == 1


def test_a_parquet_set_is_art(tmp_path):
    needs("pyarrow")
    from animelayers.data.hub import write_parquet

    write_parquet([sample("a"), sample("b", seed=1)], tmp_path / "set", name="set")
    assert [one.id for one in open_art(tmp_path / "set", ("line",))] == ["a", "b"]


def test_a_damaged_set_is_not_passed_over_for_the_psds_beside_it(tmp_path):
    save_set([sample()], tmp_path / "set", name="set")
    write_psd(sample().rendering, tmp_path / "set" / "b.psd")
    (tmp_path / "set" / "set.json").write_text("{")
    with pytest.raises(DataError):
        open_art(tmp_path / "set", SLOTS)


def test_what_is_no_art_is_told(tmp_path):
    (tmp_path / "a.txt").write_text("")
    for path, match in ((tmp_path / "x", "there is no"), (tmp_path, "no samples"), (tmp_path / "a.txt", "no layered")):
        with pytest.raises(DataError, match=match):
            open_art(path, SLOTS)
    for slots in ((), ("line", "line"), ("lines",)):
        with pytest.raises(DataError, match="are wanted, there are flat"):
            open_art(tmp_path, slots)


def test_every_unusable_artwork_is_named(tmp_path):
    good = sample("good")
    moved = good.picture.copy()
    moved[20, 20, 0] ^= 64
    flat, *rest = good.rendering
    renamed = good.rendering.replace(layers=(flat.replace(name="colour"), *rest))
    save_sample(good, tmp_path / "good")
    save_sample(good.replace(picture=moved), tmp_path / "moved")
    save_sample(good.replace(picture=good.picture * 0, rendering=LayerStack(*good.size, ())), tmp_path / "nothing")
    save_sample(good.replace(rendering=renamed), tmp_path / "renamed")
    save_sample(sample(bare=True), tmp_path / "bare")
    save_sample(good, tmp_path / "torn")
    (tmp_path / "torn" / "picture.png").write_bytes(b"")
    write_psd(LayerStack(*good.size, (Layer("???", good.picture),)), tmp_path / "x.psd")
    seen = []
    found = survey(open_art(tmp_path, ("flat", "line")), lambda: seen.append(1))
    assert [(one.index, one.id) for one in found.usable] == [(1, "good")]
    assert found.usable[0].digest == artwork_of(good, ("flat", "line")).digest
    told = {problem.label: str(problem) for problem in found.problems}
    assert list(told) == ["bare", "moved", "nothing", "renamed", "torn", "x.psd"]
    for label, words in (
        ("bare", "no rendering layers"),
        ("moved", "off from the picture by up to 64 levels"),
        ("nothing", "wholly transparent"),
        ("renamed", "has the layers colour, shadow, highlight, line"),
        ("x.psd", "does not say which rendering layer it is"),
    ):
        assert words in told[label]
    assert all(problem.hint for problem in found.problems)
    assert len(seen) == 7


def test_a_layer_that_is_empty_everywhere_is_told(tmp_path):
    made = sample()
    bare = made.rendering.replace(layers=(made.rendering["flat"],))
    save_sample(made.replace(rendering=bare, picture=flatten(bare)), tmp_path / "one")
    found = survey(open_art(tmp_path, ("flat", "line")))
    assert len(found.usable) == 1
    assert [str(problem) for problem in found.problems] == ["the layer line is empty everywhere"]


def test_without_any_usable_artwork_it_stops(tmp_path):
    save_sample(sample(bare=True), tmp_path / "bare")
    with pytest.raises(DataError, match="any of 1 artworks; the first: bare: one has no rendering layers"):
        survey(open_art(tmp_path, SLOTS))
