"""Regions of flat colour, what their borders say, the trees that judge it and the order that follows."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from drawing import script

from animelayers.data.index_shards import write_shards
from animelayers.data.layer_index import IndexedPicture
from animelayers.data.sample import Licence
from animelayers.errors import DataError, ModelError
from animelayers.evaluation.layer_order import measure_layer_order
from animelayers.models.classic_depth import WEIGHTS, ClassicDepth, judges
from animelayers.picture import Picture
from animelayers.regions import flats
from animelayers.regions.borders import Contacts, borders, corners
from animelayers.regions.flats import connected, flat_regions
from animelayers.regions.forest import Forest, forest_text, read_forests
from animelayers.regions.graph import FEATURES, OF_PAIR, OF_REGION, region_graph
from animelayers.regions.nesting import nesting
from animelayers.regions.order import FIRST_LOOK, Judges, first_look, least_squares, read_judges, region_order
from animelayers.training import boosting
from animelayers.training.boosting import Growth, grow
from animelayers.training.region_order import learnt, lesson, lessons, spread, true_index

GROUND, SKIN, INK = (190, 210, 150), (250, 220, 200), (40, 30, 30)


def drawn(size=96, scale=8):
    """A ring, an ellipse over it and a bar over both, anti-aliased; uint8 [size, size, 3], and the index map."""
    side = size * scale
    index = np.zeros((side, side), np.uint8)
    unit = side / 96
    cv2.circle(index, (round(40 * unit), round(40 * unit)), round(30 * unit), 1, round(8 * unit))
    cv2.ellipse(index, (round(60 * unit), round(60 * unit)), (round(28 * unit), round(16 * unit)), 0, 0, 360, 2, -1)
    cv2.rectangle(index, (0, round(70 * unit)), (side, round(76 * unit)), 3, -1)
    colours = np.array([GROUND, SKIN, (70, 110, 190), INK], np.uint8)
    return cv2.resize(colours[index], (size, size), interpolation=cv2.INTER_AREA), index[
        scale // 2 :: scale, scale // 2 :: scale
    ]


# --- labels -----------------------------------------------------------------------------------------------------------


def test_edges_belong_to_a_side_and_are_no_regions():
    rgb, index = drawn()
    labels = flat_regions(rgb)
    assert labels.dtype == np.int32
    assert len(np.unique(labels)) == labels.max() + 1
    truth = true_index(labels, index)[labels]
    assert (truth == index).mean() > 0.985
    pieces = connected(index.astype(np.int32))
    assert labels.max() == pieces.max(), "as many as there are pieces of layers"


def test_a_soft_gradient_is_one_region_and_an_edge_in_it_two():
    rgb = np.repeat(np.linspace(20, 230, 128).astype(np.uint8)[None, :, None], 64, axis=0).repeat(3, axis=2)
    assert flat_regions(rgb).max() == 0
    rgb[:, 64:] = 255 - rgb[:, 64:]
    rgb[:, :64] //= 2
    labels = flat_regions(rgb)
    assert labels.max() == 1
    assert (labels[:, :63] == labels[0, 0]).all()
    assert (labels[:, 65:] == labels[0, 127]).all()


def test_thin_lines_stay():
    """Less than a pixel wide, so that no pixel of it has its full colour."""
    big = np.full((640, 640, 3), 255, np.uint8)
    cv2.line(big, (40, 60), (600, 500), INK, 12, cv2.LINE_AA)
    rgb = cv2.resize(big, (64, 64), interpolation=cv2.INTER_AREA)
    labels = flat_regions(rgb)
    ground = labels[0, 63], labels[63, 0]
    line = ~np.isin(labels, ground)
    assert 60 <= line.sum() <= 200, "71 px long, with its soft edges"
    assert rgb[line].mean() < 160


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2), (7, 40)])
def test_pictures_of_any_size(shape):
    rgb = np.random.default_rng(0).integers(0, 256, (*shape, 3)).astype(np.uint8)
    for one in (rgb, np.zeros_like(rgb)):
        labels, heights = region_order(one, stump())
        assert labels.shape == shape
        assert heights.shape == (labels.max() + 1,)
        assert np.isfinite(heights).all()


@pytest.mark.parametrize("shape", [(400, 400), (1, 700), (700, 1)])
def test_what_lies_within_the_first_lines_alone(shape):
    """Hulls are compared on a grid of every second or fourth pixel, which begins behind them."""
    rgb = np.full((*shape, 3), SKIN, np.uint8)
    rgb[:1, : shape[1] // 2] = INK
    labels = (rgb[..., 0] < 128).astype(np.int32)
    assert np.isfinite(region_graph(rgb, labels).features()).all()


def test_noise_does_not_make_too_many_regions(monkeypatch):
    rgb = np.random.default_rng(0).integers(0, 256, (12, 12, 3)).astype(np.uint8).repeat(8, axis=0).repeat(8, axis=1)
    assert flat_regions(rgb).max() > 100
    monkeypatch.setattr(flats, "MOST", 40)
    labels = flat_regions(rgb)
    assert 2 <= labels.max() + 1 <= 40
    assert np.array_equal(connected(labels), connected(connected(labels)))
    assert connected(labels).max() == labels.max(), "each in one piece"


def test_the_same_picture_has_the_same_labels():
    rgb, _ = drawn()
    assert np.array_equal(flat_regions(rgb), flat_regions(rgb.copy()))


# --- borders, nesting, features ---------------------------------------------------------------------------------------

BOXES = np.zeros((8, 8), np.int32)
BOXES[1:7, 1:7] = 1
BOXES[2:4, 2:4] = 2
BOXES[2:4, 4:6] = 3
"""2 and 3 side by side in 1, 1 in 0."""


def test_contacts():
    met = Contacts.of(BOXES)
    assert met.pairs.tolist() == [[0, 1], [1, 2], [1, 3], [2, 3]]
    assert met.length.tolist() == [24, 6, 6, 2]
    low, high = (BOXES.ravel()[end] for end in met.ends)
    assert np.array_equal(np.stack([low, high], axis=1), met.pairs[met.contact])
    assert len(borders(BOXES)[0]) == 38
    assert [tuple(divmod(place, 8)) for place in corners(BOXES).tolist()] == [(1, 3), (3, 3)]


def test_nesting():
    found = nesting(np.array([[0, 1], [1, 2], [1, 3], [2, 3]]), 4, np.array([True, False, False, False]))
    assert found.parent.tolist() == [-1, 0, 1, 1]
    assert found.depth.tolist() == [0, 1, 2, 2]
    assert found.enclosed_area(np.array([28.0, 28, 4, 4])).tolist() == [36, 8, 0, 0]
    assert found.encloses(np.array([0, 1, 2, 0]), np.array([3, 2, 3, 0])).tolist() == [True, True, False, False]
    outside = nesting(np.array([[0, 1], [1, 2], [0, 2]]), 3, np.array([True, True, False]))
    assert outside.parent.tolist() == [-1, -1, -1], "what can be reached two ways is in neither"


def test_nesting_against_cutting_regions_out():
    """A region encloses another if it is cut off from the outside without it."""
    for seed in range(20):
        labels = connected(np.random.default_rng(seed).integers(0, 3, (9, 9)).astype(np.int32))
        count = int(labels.max()) + 1
        pairs = Contacts.of(labels).pairs
        outer = np.isin(np.arange(count), np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
        found = nesting(pairs, count, outer)
        for cut in range(count):
            reached = outer & (np.arange(count) != cut)
            for _ in range(count):
                for i, j in pairs:
                    if cut not in (i, j) and (reached[i] or reached[j]):
                        reached[[i, j]] = True
            cut_off = ~reached & (np.arange(count) != cut)
            assert np.array_equal(cut_off, found.encloses(np.full(count, cut), np.arange(count)))


def features(rgb, labels):
    graph = region_graph(rgb, labels)
    return (
        graph,
        dict(zip(OF_REGION, graph.regions.T, strict=True)),
        dict(zip(OF_PAIR, graph.contacts[0].T, strict=True)),
    )


def test_what_is_known_of_regions():
    rgb = np.array([GROUND, SKIN, INK, SKIN], np.uint8)[BOXES]
    graph, region, pair = features(rgb, BOXES)
    assert np.exp(region["area"]) * 64 == pytest.approx([28, 28, 4, 4])
    assert np.exp(region["perimeter"]) * 8 == pytest.approx([24 + 32, 24 + 12, 8, 8])
    assert region["holes"] == pytest.approx([36 / 64, 8 / 36, 0, 0])
    assert region["nesting"].tolist() == [0, 1, 2, 2]
    assert region["border"].tolist() == [1, 0, 0, 0]
    assert region["degree"].tolist() == [1, 3, 2, 2]
    assert region["extent"] == pytest.approx([28 / 64, 28 / 36, 1, 1])
    assert region["lightness"][1] == pytest.approx(region["lightness"][3])
    assert region["top"][2] == pytest.approx(2.5 / 8 - 0.5)
    assert pair["enclosed"].tolist() == [-1, -1, -1, 0]
    assert np.exp(pair["length"]) == pytest.approx([24, 6, 6, 2])
    assert pair["twins"].tolist() == [0, 1, 0, 0], "1 and 3 have one colour, and 2 touches both"
    assert graph.features().shape == (8, len(FEATURES))


def test_twins_are_what_goes_on_behind():
    """A bar before a ball: both halves of the ball have one colour."""
    labels = np.repeat([[0, 0, 0, 1, 1, 2, 2, 2]], 8, axis=0).astype(np.int32)
    _, _, pair = features(np.array([SKIN, INK, SKIN], np.uint8)[labels], labels)
    assert pair["twins"].tolist() == [1, 0]
    assert pair["other_twins"].tolist() == [0, 1]


def test_what_bulges_has_less_of_its_border():
    rgb = np.full((128, 128, 3), 255, np.uint8)
    cv2.circle(rgb, (64, 64), 20, INK, -1)
    labels = (rgb[..., 0] < 128).astype(np.int32)
    _, region, pair = features(rgb, labels)
    for name in ("convex5", "convex9", "convex17"):
        assert pair[name][0] > 0.03, "the ground, number 0, has more"
    assert region["solidity"][1] > 0.93
    assert region["solidity"][0] > 0.9
    _, _, straight = features(rgb, np.repeat([[0] * 64 + [1] * 64], 128, axis=0).astype(np.int32))
    assert straight["convex9"][0] == pytest.approx(0, abs=1e-6)


def test_what_passes_before_others_wins_junctions():
    """A bar (2) runs before the border of 0 and 1."""
    labels = np.repeat([[0] * 32 + [1] * 32], 64, axis=0).astype(np.int32)
    labels[40:] = 2
    graph, _, pair = features(np.array([SKIN, INK, GROUND], np.uint8)[labels], labels)
    assert graph.pairs.tolist() == [[0, 1], [0, 2], [1, 2]]
    assert pair["junctions"].tolist() == [1, 1, 1]
    assert pair["junction_votes"].tolist() == [0, -1, -1]
    assert pair["junction_share"][1] < -0.1
    back = graph.contacts[1][:, OF_PAIR.index("junction_votes")]
    assert back.tolist() == [0, 1, 1]


def test_a_picture_twice_as_large_says_nearly_the_same():
    rgb, _ = drawn(160, 8)
    labels = flat_regions(rgb)
    twice = [cv2.resize(plane, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST) for plane in (rgb, labels)]
    small, large = region_graph(rgb, labels), region_graph(*twice)
    assert np.array_equal(small.pairs, large.pairs)
    kept = [FEATURES.index(name) for name in FEATURES if name not in ("length", "junctions")]
    off = np.abs(small.features() - large.features())[:, kept]
    assert np.quantile(off, 0.95) < 0.12


# --- order ------------------------------------------------------------------------------------------------------------


def stump(name="area_ratio", sign=-1.0):
    """Trees of one question: what is smaller lies a layer in front. The second look believes the first."""

    def asking(names, name, sign):
        where = np.array([[names.index(name)]], np.int32)
        return Forest(names, where, np.zeros((1, 1), np.float32), np.array([[-sign, sign]], np.float32))

    return Judges(asking(FEATURES, name, sign), asking((*FEATURES, *FIRST_LOOK), "lead", 1.0))


def test_heights_that_agree_are_met_exactly():
    z = np.array([0.5, -1.0, 2.0, 0.25, -1.75])
    pairs = np.array([[0, 1], [1, 2], [2, 3], [3, 4], [0, 4], [1, 3]])
    got = least_squares(pairs, z[pairs[:, 0]] - z[pairs[:, 1]], np.ones(6), 5)
    assert got - got.mean() == pytest.approx(z - z.mean(), abs=0.01)


def test_heights_are_the_weighted_least_squares():
    dice = np.random.default_rng(1)
    pairs = np.array([(i, j) for i in range(9) for j in range(i + 1, 9) if dice.random() < 0.6])
    wanted, weight = dice.normal(size=len(pairs)), dice.uniform(0.5, 9, len(pairs))
    rows = np.zeros((len(pairs), 9))
    rows[np.arange(len(pairs)), pairs[:, 0]], rows[np.arange(len(pairs)), pairs[:, 1]] = 1, -1
    system = rows.T @ (weight[:, None] * rows) + 1e-3 * np.eye(9)
    exact = np.linalg.solve(system, rows.T @ (weight * wanted))
    assert least_squares(pairs, wanted, weight, 9) == pytest.approx(exact, abs=1e-6)


def test_regions_apart_and_alone():
    assert least_squares(np.zeros((0, 2), int), np.zeros(0), np.zeros(0), 3).tolist() == [0, 0, 0]
    got = least_squares(np.array([[0, 1], [2, 3]]), np.array([1.0, -1]), np.ones(2), 5)
    assert got == pytest.approx([0.5, -0.5, -0.5, 0.5, 0], abs=0.01)


def test_order_follows_the_trees():
    rgb = np.full((90, 90, 3), 20, np.uint8)
    for number in range(1, 4):
        rgb[10 * number : 90 - 10 * number, 10 * number : 90 - 10 * number] = 60 * number
    labels, heights = region_order(rgb, stump())
    seen = [heights[labels[5 + 10 * number, 45]] for number in range(4)]
    assert seen == sorted(seen)
    assert np.diff(seen) == pytest.approx(1, abs=0.01), "a lead of 1 at every step"
    assert np.array_equal(region_order(rgb, stump())[1], heights)
    assert region_order(rgb, stump(sign=1.0))[1] == pytest.approx(-heights)


def test_the_first_look_by_hand():
    """0 behind 1 behind 2 by leads of 1, and 2 behind 0, which none of them can please."""
    pairs, length = np.array([[0, 1], [0, 2], [1, 2]]), np.array([2, 2, 2])
    lead = np.array([-1.0, 1, -1])
    seen = dict(zip(FIRST_LOOK, first_look(np.concatenate([lead, -lead]), pairs, length, 3).T, strict=True))
    assert seen["lead"].tolist() == [-1, 1, -1, 1, -1, 1]
    assert seen["mean_lead_i"][:3].tolist() == [0, 0, 0]
    assert seen["height_lead"] == pytest.approx(np.zeros(6), abs=1e-6), "a circle has no order"
    assert seen["doubt"] == pytest.approx(seen["lead"])
    chain = dict(zip(FIRST_LOOK, first_look(np.array([-1.0, -1, 1, 1]), pairs[[0, 2]], length[:2], 3).T, strict=True))
    assert chain["rank_i"].tolist() == [0, 0.5, 0.5, 1]
    assert chain["rank_j"].tolist() == [0.5, 1, 0, 0.5]
    assert chain["height_j"] == pytest.approx([1, 2, 0, 1], abs=0.01)
    assert chain["mean_lead_i"].tolist() == [-1, 0, 0, 1]
    assert chain["doubt"] == pytest.approx(np.zeros(4), abs=0.01)


# --- trees ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def grove():
    dice = np.random.default_rng(0)
    rows = dice.normal(size=(4000, 5)).astype(np.float32)
    truth = np.sign(rows[:, 0] * rows[:, 3])
    return rows, truth, grow(tuple("abcde"), rows, truth, np.ones(4000), Growth(trees=30, depth=3, columns=1.0))


def test_trees_learn_what_no_single_column_says(grove):
    rows, truth, made = grove
    assert (np.sign(made.values(rows)) == truth).mean() > 0.95
    fresh = np.random.default_rng(9).normal(size=(2000, 5)).astype(np.float32)
    assert ((made.values(fresh) > 0) == (fresh[:, 0] * fresh[:, 3] > 0)).mean() > 0.93
    used = {made.features[at] for at in made.feature[np.isfinite(made.threshold)]}
    assert {"a", "d"} <= used


def test_a_file_says_exactly_what_was_grown(grove, tmp_path):
    rows, _, made = grove
    (tmp_path / "f.json").write_text(forest_text([made, made]))
    back, twin = read_forests(tmp_path / "f.json", "abcde", "abcde")
    assert np.array_equal(made.values(rows), back.values(rows))
    assert forest_text([twin]) == forest_text([made])
    for features in (("abcd", "abcde"), ("abcde",)):
        with pytest.raises(ModelError, match="other features"):
            read_forests(tmp_path / "f.json", *features)


def test_evaluating_is_what_growing_saw(grove, monkeypatch):
    """What is added up on bins while growing, and what comes of values."""
    rows, truth, made = grove
    seen = np.zeros(len(rows))
    leaves = boosting._leaves

    def watched(binned, feature, split, depth):
        found = leaves(binned, feature, split, depth)
        seen[:] += made.leaf[watched.count][found]
        watched.count += 1
        return found

    watched.count = 0
    monkeypatch.setattr(boosting, "_leaves", watched)
    again = grow(made.features, rows, truth, np.ones(len(rows)), Growth(trees=30, depth=3, columns=1.0))
    assert forest_text([again]) == forest_text([made]), "and the same rows give the same trees"
    assert watched.count == 30
    assert made.values(rows) == pytest.approx(seen, abs=1e-5)


def test_one_tree_by_hand(tmp_path):
    """Node 0 asks column 1, its children column 0; equal goes left."""
    made = Forest(
        ("x", "y"),
        np.array([[1, 0, 0]], np.int32),
        np.array([[0.5, -1, np.inf]], np.float32),
        np.array([[1, 2, 3, 4]], np.float32),
    )
    rows = np.array([[-1, 0.5], [0, 0], [5, 0.6], [-9, 1]], np.float32)
    assert made.values(rows).tolist() == [1, 2, 3, 3]
    (tmp_path / "f.json").write_text(forest_text([made]))
    assert read_forests(tmp_path / "f.json", "xy")[0].values(rows).tolist() == [1, 2, 3, 3]
    assert made.values(rows[:0]).shape == (0,)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "else"},
        {"trees": []},
        {"trees": [[[0], [0.5], [1, 2, 3]]]},
        {"trees": [[[7], [0.5], [1, 2]]]},
        {"trees": [[[0], [0.5], ["nan", 2]]]},
        {"trees": [[[0], ["nan"], [1, 2]]]},
        {"features": None},
    ],
)
def test_files_that_are_no_forest(tmp_path, change):
    told = {"features": ["x"], "trees": [[[0], [0.5], [1, 2]]]}

    def write(one):
        whole = {"format": "animelayers forests 1", "forests": [one]}
        (tmp_path / "f.json").write_text(json.dumps(whole | ({} if "format" not in one else {"format": "else"})))

    write(told)
    assert read_forests(tmp_path / "f.json", "x")[0].leaf.tolist() == [[1, 2]]
    write(told | change)
    with pytest.raises(ModelError):
        read_forests(tmp_path / "f.json", "x")


# --- learning and the shipped model -----------------------------------------------------------------------------------


def test_lessons_say_who_is_in_front():
    rgb, index = drawn()
    taught = lesson(rgb, index)
    half = len(taught.lead) // 2
    assert half >= 6
    assert np.array_equal(taught.lead[:half], -taught.lead[half:])
    assert set(np.abs(taught.lead).round(3)) == {1, 1.414, 1.732}
    assert not lesson(rgb, index > 9).lead.any()
    bar = np.isclose(taught.rows[:, FEATURES.index("lightness_i")], taught.rows[:, FEATURES.index("lightness_i")].min())
    assert (taught.lead[bar] > 0).all(), "the bar is before everything"
    assert taught.rows[bar, FEATURES.index("junction_votes")].max() == 1


def test_the_second_look_learns_from_what_others_said(monkeypatch):
    """Each half of the lessons is judged by trees that were grown on the other half."""
    grown = []

    def watched(names, rows, lead, weight, how, on_tree):
        grown.append((names, len(rows), len(lead), len(weight)))
        return grow(names, rows, lead, weight, how, on_tree)

    monkeypatch.setattr("animelayers.training.region_order.grow", watched)
    taught = lessons(list(scenes(6)))
    made = learnt(taught, Growth(trees=3, depth=2))
    whole, even, odd = (sum(len(one.lead) for one in part) for part in (taught, taught[::2], taught[1::2]))
    second = (*FEATURES, *FIRST_LOOK)
    assert grown == [
        (names, n, n, n) for names, n in zip((FEATURES,) * 3 + (second,), (whole, odd, even, whole), strict=True)
    ]
    assert made.first.leaf.shape == (3, 4)
    assert learnt(taught[:1], Growth(trees=1, depth=1)).second.leaf.shape == (1, 2), "of one there are no halves"


def test_true_index_is_the_commonest():
    labels = np.array([[0, 0, 0, 1], [0, 2, 2, 1]], np.int32)
    assert true_index(labels, np.array([[4, 4, 7, 1], [7, 0, 5, 1]])).tolist() == [4, 1, 0]


def test_the_shipped_trees_know_plain_occlusion():
    rgb, index = drawn(128)
    got = measure_layer_order(index, ClassicDepth().predict(_picture(rgb)))
    assert got["index.order"] > 0.9
    assert got["index.order_figure"] > 0.65, "a bar across a picture could lie behind, too"
    assert WEIGHTS.stat().st_size < 1_000_000
    assert judges().first.features == FEATURES


def test_the_model_behind_its_protocol():
    rgb, index = drawn(64)
    rgba = np.dstack([rgb, np.where(index > 0, 255, 0).astype(np.uint8)]) * (index > 0)[..., None].astype(np.uint8)
    steps = []
    made = ClassicDepth().predict(_picture(rgba), seed=3, on_step=lambda *step: steps.append(step))
    assert made.dtype == np.float32
    assert made.shape == (64, 64)
    assert steps == [(1, 1)]
    assert made[index == 0].max() < made[index > 0].min()
    assert np.array_equal(made, ClassicDepth().predict(_picture(rgba)))


def _picture(pixels):
    if pixels.shape[2] == 3:
        pixels = np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
    return Picture(pixels, "", "")


def scenes(count):
    for number in range(count):
        rgb, index = drawn(48 + 4 * (number % 3), 4)
        rgba = np.dstack([rgb, np.full(index.shape, 255, np.uint8)])[:48, :48]
        licence = Licence("Apache-2.0", "the animelayers authors")
        base = f"base{number // 3}"
        pack = "noto" if number % 5 == 4 else "toys"
        yield IndexedPicture(
            f"{pack}/{number}", base, np.roll(rgba, number, axis=2), index[:48, :48].astype("u2"), licence
        )


def test_variants_and_the_unseen_pack_are_left_out():
    kept = list(spread(scenes(60), "noto"))
    assert {one.pack for one in kept} == {"toys"}
    assert {one.split for one in kept} == {"train"}
    assert max([one.base for one in kept].count(base) for base in {one.base for one in kept}) == 2


def test_the_door_grows_forests(tmp_path, capsys):
    write_shards(scenes(120), tmp_path / "set")
    door = script("train/region_order.py")["main"]
    words = ["--pictures", str(tmp_path / "set"), "-o", str(tmp_path / "f.json"), "--trees", "8", "--most", "24"]
    assert door([*words, "--judge", "4"]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[0] == str(tmp_path / "f.json")
    assert "noto, white: index.order " in said.out
    assert read_judges(tmp_path / "f.json").second.leaf.shape == (8, 64)
    first = (tmp_path / "f.json").read_bytes()
    assert door([*words, "--judge", "0"]) == 0
    assert (tmp_path / "f.json").read_bytes() == first
    assert door(["--pictures", str(tmp_path), "-o", str(tmp_path / "g.json")]) == 1
    assert not (tmp_path / "g.json").exists()


def test_nothing_to_learn_from():
    flat = list(scenes(1))
    with pytest.raises(DataError):
        lessons([IndexedPicture("a/b", "b", flat[0].picture, np.zeros_like(flat[0].index), flat[0].licence)])
