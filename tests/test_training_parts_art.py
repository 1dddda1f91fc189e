"""Pictures and their parts as a model learns them: whole parts, on the pages that it sees."""

from pathlib import Path

import numpy as np
import pytest
from samples import sample

from animelayers.composite import flatten
from animelayers.data.folder import save_sample
from animelayers.data.see_through import HEAD, write_see_through
from animelayers.errors import DataError
from animelayers.handoff.psd import write_psd
from animelayers.parts import PART_LABELS
from animelayers.stack import Layer, LayerStack

pytestmark = pytest.mark.usefixtures("diffusion")

TAGS = (*PART_LABELS, "head")


def art(made=None):
    from animelayers.training.parts_art import PartsArt

    return PartsArt.of(sample(size=(96, 80)) if made is None else made)


def view(one, side=96, *, head=False, mirrored=False):
    from animelayers.training.parts_art import View

    return View(one, one.head_page(side) if head else one.whole_page(side), mirrored)


def only(made, *tags):
    """The pieces of some tags, flattened by themselves, in the middle of a square."""
    layers = tuple(layer for layer in made.parts if layer.name.split("-")[0] in tags)
    wide = (made.size[0] - made.size[1]) // 2
    return np.pad(flatten(LayerStack(*made.size, layers)), ((0, 0), (wide, wide), (0, 0)))


def test_a_frame_is_the_whole_part_with_what_others_hide():
    made = sample(size=(96, 80))
    frames = dict(zip(TAGS, view(art(made)).frames(TAGS), strict=True))
    for tag in ("face", "handwear", "back hair", "topwear"):
        assert np.array_equal(frames[tag], only(made, tag)), tag
    assert np.array_equal(frames["head"], only(made, *HEAD))
    assert (frames["face"][..., 3] > 0).sum() > (made.visible == PART_LABELS["face"]).sum()
    assert not frames["tail"].any()


def test_the_classes_of_the_paper_are_unions():
    made = sample(size=(96, 80))
    hair, eyes = view(art(made)).frames(("hair", "eyes"))
    assert np.array_equal(hair, only(made, "front hair", "back hair"))
    assert np.array_equal(eyes, only(made, "irides", "eyebrow", "eyewhite", "eyelash"))


def test_the_page_is_the_image_where_there_is_one():
    made = sample(size=(96, 80))
    page = view(art(made)).page
    assert np.array_equal(page[:, 8:-8], made.image)
    assert not page[:, :8].any(), "beyond the picture there is nothing"
    bare = made.replace(image=None)
    assert np.array_equal(view(art(bare)).page[:, 8:-8], made.picture)


def test_the_page_of_the_head_shows_it_larger():
    one = art()
    (there,), (closer,) = (view(one, head=head).frames(["head"]) for head in (False, True))
    assert (closer[..., 3] > 127).sum() > 1.5 * (there[..., 3] > 127).sum()
    rows, columns = np.nonzero(closer[..., 3] > 127)
    assert rows.min() + rows.max() == pytest.approx(95, abs=3)
    assert columns.min() + columns.max() == pytest.approx(95, abs=3)


def test_without_a_head_there_is_no_page_of_it():
    made = sample(size=(96, 80))
    body = made.parts.replace(layers=(made.parts["topwear"],))
    assert art(made.replace(parts=body, picture=flatten(body), image=None)).head_page(64) is None


def test_a_mirrored_view_is_the_mirror_image():
    one = art()
    for head in (False, True):
        plain, other = (view(one, head=head, mirrored=mirrored) for mirrored in (False, True))
        assert np.array_equal(other.page, plain.page[:, ::-1])
        for way in ("frames", "depths"):
            for a, b in zip(getattr(plain, way)(TAGS), getattr(other, way)(TAGS), strict=True):
                assert np.array_equal(b, a[:, ::-1])


def test_depth_is_that_of_the_surface_and_goes_on_behind():
    made = sample(size=(96, 80))
    wide = (made.size[0] - made.size[1]) // 2
    for tag, frame, near in zip(TAGS, view(art(made)).frames(TAGS), view(art(made)).depths(TAGS), strict=True):
        assert near.dtype == np.uint16
        assert not near[frame[..., 3] == 0].any(), tag
        if tag in PART_LABELS:
            seen = made.visible == PART_LABELS[tag]
            assert np.array_equal(near[:, wide:-wide][seen], made.depth[seen]), tag
            assert (near[frame[..., 3] > 0] > 0).all(), "also of what is hidden"


def test_depth_is_not_mixed_where_it_is_scaled():
    made = sample(size=(96, 80))
    depths = set(np.unique(made.depth)) | {0} | {int(np.median(made.depth[made.visible == 1]))}
    (near,) = view(art(made), 64).depths(["front hair"])
    assert set(np.unique(near)) <= depths
    assert near.any()


def test_the_digest_knows_pixels_places_and_names():
    made = sample()
    found = art(made).digest
    assert art(made.replace(id="other")).digest == found
    layers = list(made.parts)
    moved = made.parts.replace(layers=(layers[0].replace(top=layers[0].top + 1), *layers[1:]))
    renamed = made.parts.replace(layers=(layers[0].replace(name="tail"), *layers[1:]))
    others = [made.replace(parts=moved, picture=flatten(moved)), made.replace(parts=renamed), made.replace(image=None)]
    assert len({found, *(art(other).digest for other in others)}) == 4


# --- whatever files it comes in


def test_samples_see_throughs_layout_and_psds(tmp_path):
    from animelayers.training.parts_art import open_parts, survey

    made = [sample(name, seed=seed, size=(96, 80)) for seed, name in enumerate("abc")]
    save_sample(made[0], tmp_path / "a")
    write_see_through([made[1]], tmp_path / "layout", [])
    for file in (tmp_path / "layout").iterdir():
        file.rename(tmp_path / file.name)
    (tmp_path / "layout").rmdir()
    write_psd(made[2].parts, tmp_path / "c.psd")
    found = open_parts(tmp_path)
    assert [found.label(index) for index in range(3)] == ["a", "b", "c.psd"]
    for one, other in zip(found, made, strict=True):
        (frame,) = view(one).frames(["face"])
        assert np.array_equal(frame, only(other, "face"))
    seen = survey(found, TAGS)
    assert [(each.index, each.id, each.head) for each in seen.usable] == [
        (0, "a", True),
        (1, "b", True),
        (2, "c", True),
    ]
    assert len(open_parts(tmp_path / "c.psd")) == 1


def test_what_cannot_be_learnt_from_is_named(tmp_path):
    from animelayers.training.parts_art import open_parts, survey

    good = sample("good")
    lumped = LayerStack(*good.size, (Layer("hair", good.parts["front hair"].rgba), good.parts["face"]))
    strange = LayerStack(*good.size, (Layer("background", good.picture),))
    save_sample(good, tmp_path / "good")
    save_sample(good.replace(id="flat", parts=None), tmp_path / "flat")
    for name, parts in (("lumped", lumped), ("strange", strange)):
        bare = good.replace(id=name, parts=parts, picture=flatten(parts), visible=None, image=None, cells={})
        save_sample(bare.replace(rendering=None), tmp_path / name)
    found = survey(open_parts(tmp_path), TAGS)
    assert [each.id for each in found.usable] == ["good"]
    told = {problem.label: str(problem) for problem in found.problems}
    assert "no parts" in told["flat"]
    assert "hair is one part" in told["lumped"]
    assert "no part with a visible pixel" in told["strange"]
    assert all(problem.hint for problem in found.problems)
    assert len(survey(open_parts(tmp_path), ("hair", "face")).usable) == 2, "the paper's classes have hair as one"


def test_a_place_without_art_is_told(tmp_path):
    from animelayers.training.parts_art import open_parts

    with pytest.raises(DataError, match="there is no"):
        open_parts(Path("/nowhere/at/all"))
    with pytest.raises(DataError, match="no samples"):
        open_parts(tmp_path)
