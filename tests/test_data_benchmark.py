"""Families of hands, the frozen benchmark sets, and the page of figures."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from drawing import ROOT, names_in, needs, script
from samples import sample

from animelayers.artist import families
from animelayers.artist.dice import Dice
from animelayers.data.digest import digest, set_digest
from animelayers.data.sets import FolderSet, save_set
from animelayers.errors import DataError
from animelayers.evaluation.baselines import BASELINES
from animelayers.evaluation.published import PUBLISHED

DOOR = script("datasets/benchmark.py")
LISTS = sorted((ROOT / "datasets" / "benchmarks").glob("*.json"))


def frozen(name: str) -> dict:
    return json.loads((ROOT / "datasets" / "benchmarks" / f"{name}.json").read_text("utf-8"))


# Families


def test_a_family_is_known_without_drawing():
    needs("skia")
    from animelayers.artist import studio

    for seed in (0, 1, 5, 12, 1_000_003):
        shown = studio.sample(seed, 64, 64).attributes
        assert families.family(seed) == f"{shown['line']}/{shown['shading']}"


def test_what_is_held_out_is_new_as_a_whole_and_known_in_its_parts():
    count = 4000
    found = Counter(map(families.family, range(count)))
    share = sum(found[name] for name in families.HELD_OUT) / count
    assert 0.15 <= share <= 0.20
    assert set(found) > families.HELD_OUT
    trained = set(found) - families.HELD_OUT
    for place in (0, 1):
        seen = {name.split("/")[place] for name in trained}
        tested = {name.split("/")[place] for name in families.HELD_OUT}
        assert tested <= seen
        assert len(tested) >= 4


def test_seeds_are_trained_on_or_held_out():
    whole, train, kept = (families.seeds(7, 40, which) for which in ("all", "train", "held-out"))
    assert whole == list(range(7, 47))
    assert [len(train), len(kept)] == [40, 40]
    assert not any(map(families.held_out, train))
    assert all(map(families.held_out, kept))
    assert sorted({*train, *kept} & set(whole)) == whole


def test_a_set_for_training_leaves_out_what_is_held_out(tmp_path):
    needs("skia")
    draw = script("datasets/synthetic.py")["main"]
    words = ["--count", "3", "--first", "6", "--size", "64x64", "--families", "train"]
    assert draw(["-o", str(tmp_path / "art"), *words]) == 0
    found = FolderSet(tmp_path / "art")
    assert [int(one.id) for one in found] == families.seeds(6, 3, "train") == [6, 11, 13]
    assert found.manifest.command.endswith("--families train")


# The lists


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.stem)
def test_a_list_is_whole(path):
    facts = frozen(path.stem)
    assert facts["name"] == path.stem
    assert facts["digest"] == set_digest(facts["samples"].values())
    assert len(set(facts["samples"].values())) == len(facts["samples"])


def test_the_synthetic_benchmark_is_never_trained_on_and_balanced():
    from animelayers.artist import scenery, studio

    seeds = [int(id_) for id_ in frozen("synthetic-v1")["samples"]]
    assert len(seeds) == 64
    assert seeds == sorted(seeds)
    assert min(seeds) >= families.BENCHMARK_SEEDS
    shots = [Dice("artist", seed).of("shot").pick(studio.SHOTS) for seed in seeds]
    grounds = [Dice("artist", seed).of("background").pick(scenery.KINDS) for seed in seeds]
    for kinds, traits in (
        (families.HELD_OUT, [families.family(seed) for seed in seeds]),
        (studio.SHOTS, shots),
        (scenery.KINDS, grounds),
    ):
        counts = Counter(traits)
        assert set(counts) == set(kinds)
        assert max(counts.values()) - min(counts.values()) <= 1


def test_the_sprites_have_every_pair_of_traits_alike():
    traits = [id_.split("-")[1:] for id_ in frozen("augustina-v1")["samples"]]
    assert len(traits) == 24
    for one in range(5):
        for other in range(one):
            pairs = Counter((row[one], row[other]) for row in traits)
            assert set(pairs.values()) == {24 // len(pairs)}


def test_the_artist_still_draws_what_was_frozen():
    needs("skia")
    from animelayers.artist import studio

    facts = frozen("synthetic-v1")
    if facts["made_with"] != DOOR["versions"]():
        pytest.skip("other versions than those it was frozen with")
    id_, was = next(iter(facts["samples"].items()))
    assert digest(studio.sample(int(id_), *facts["size"])) == was


# The door


@pytest.fixture
def lists(tmp_path, monkeypatch):
    """Small benchmarks, and lists of their own."""
    needs("skia")
    for name, value in {"LISTS": tmp_path / "lists", "COUNT": 2, "SIZE": (80, 64), "POOL": 20}.items():
        monkeypatch.setitem(DOOR["main"].__globals__, name, value)
    return tmp_path / "lists"


def build(output: Path, *words: str) -> int:
    return DOOR["main"](["synthetic", "-o", str(output), *words])


def spoil(path: Path) -> str:
    """Another fingerprint for the second sample of a list; its seed."""
    facts = json.loads(path.read_text())
    id_ = list(facts["samples"])[1]
    facts["samples"][id_] = "0" * 64
    path.write_text(json.dumps(facts))
    return str(int(id_))


def test_what_was_frozen_comes_out_again(lists, tmp_path, capsys):
    assert build(tmp_path / "a", "--freeze", "synthetic-v1") == 0
    assert build(tmp_path / "b") == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(tmp_path / "b" / "synthetic-v1")
    facts = json.loads((lists / "synthetic-v1.json").read_text())
    assert facts["size"] == [80, 64]
    for folder in "ab":
        found = FolderSet(tmp_path / folder / "synthetic-v1")
        assert found.manifest.name == "synthetic-v1"
        assert {one.id: digest(one) for one in found} == facts["samples"]
    before = (tmp_path / "b" / "synthetic-v1" / "set.json").stat().st_mtime_ns
    assert build(tmp_path / "b") == 0
    assert "there already" in capsys.readouterr().err
    assert (tmp_path / "b" / "synthetic-v1" / "set.json").stat().st_mtime_ns == before


def test_what_comes_out_otherwise_is_refused_or_has_another_name(lists, tmp_path, capsys):
    assert build(tmp_path / "a", "--freeze", "synthetic-v1") == 0
    assert build(tmp_path / "a", "--accept") == 1
    assert "nothing in synthetic-v1 has changed" in capsys.readouterr().err
    seed = spoil(lists / "synthetic-v1.json")
    assert build(tmp_path / "b") == 1
    said = capsys.readouterr().err
    assert f"seed {seed}" in said
    assert "--freeze synthetic-v2" in said
    assert "--accept" in said
    assert names_in(tmp_path / "b") == []
    assert build(tmp_path / "b", "--accept") == 0
    assert [path.name for path in (tmp_path / "b").iterdir()] == ["synthetic-v1-changed"]
    assert FolderSet(tmp_path / "b" / "synthetic-v1-changed").manifest.name == "synthetic-v1-changed"


def test_other_versions_are_named(lists, tmp_path, capsys):
    assert build(tmp_path / "a", "--freeze", "synthetic-v1") == 0
    facts = json.loads((lists / "synthetic-v1.json").read_text())
    facts["made_with"]["numpy"] = "0.9"
    (lists / "synthetic-v1.json").write_text(json.dumps(facts))
    spoil(lists / "synthetic-v1.json")
    assert build(tmp_path / "b") == 1
    assert "numpy 0.9, here " in capsys.readouterr().err


def test_what_is_frozen_stays_and_the_newest_counts(lists, tmp_path, capsys):
    assert build(tmp_path / "a") == 1
    assert "--freeze synthetic-v1" in capsys.readouterr().err
    assert build(tmp_path / "a", "--freeze", "synthetic-v9") == 0
    assert build(tmp_path / "a", "--freeze", "synthetic-v9") == 1
    assert "exists" in capsys.readouterr().err
    assert build(tmp_path / "a", "--freeze", "synthetic-v10") == 0
    assert build(tmp_path / "a") == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("synthetic-v10")


def test_a_benchmark_of_sprites_needs_the_same_sheets(tmp_path, capsys):
    assert DOOR["main"](["augustina", str(tmp_path), "-o", str(tmp_path / "bench")]) == 1
    assert "scripts/rt" in capsys.readouterr().err
    assert not (tmp_path / "bench" / "augustina-v1").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["augustina", "-o", "x"],
        ["synthetic", "sheets", "-o", "x"],
        ["synthetic", "-o", "x", "--freeze", "augustina-v2"],
        ["synthetic", "-o", "x", "--freeze", "../synthetic-v2"],
        ["synthetic", "-o", "x", "--freeze", "synthetic-v2", "--accept"],
        ["synthetic", "-o", "x", "--jobs", "0"],
    ],
)
def test_what_cannot_be_obeyed_is_said(words, capsys):
    with pytest.raises(SystemExit) as caught:
        DOOR["main"](words)
    assert caught.value.code == 2


# The page


@pytest.fixture(scope="module")
def page():
    return script("benchmarks/evaluation.py")


def test_the_page_has_its_marks_and_can_be_made_again(page):
    text = page["PAGE"].read_text("utf-8")
    assert [text.count(page["BEGIN"]), text.count(page["END"])] == [1, 1]
    assert text.index(page["BEGIN"]) < text.index(page["END"])
    once = page["put"](text, "## One\n")
    assert page["put"](page["put"](text, "another"), "## One") == once
    assert once.startswith(text[: text.index(page["BEGIN"])])
    assert once.count("## One") == 1
    with pytest.raises(DataError, match="lost its marks"):
        page["put"](text.replace(page["END"], ""), "")


def test_every_kind_of_figure_stands_on_the_page(page, tmp_path, monkeypatch):
    few = (BASELINES["kmeans"], BASELINES["one-part"])
    monkeypatch.setitem(page["main"].__globals__, "MODELS", few)
    save_set([sample("one"), sample("two", seed=1)], tmp_path / "set", name="tiny")
    options = page["arguments"](["-o", str(tmp_path / "out"), "--limit", "1"])
    groups = list(page["groups"](page["looked"](tmp_path / "set", options)))
    assert [group[1:] for group in groups] == [("rendering", "picture"), ("parts", "picture"), ("parts", "image")]
    text = "\n".join(line for group in groups[::2] for line in page["section"](group, options))
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        "### tiny, first 1: rendering, bare pictures",
        "### tiny, first 1: parts, pictures on backgrounds",
    ]
    for head, metric in (("|  | kmeans |", "| line.f1 ↑ |"), ("|  | one-part |", "| visible.iou ↑ |")):
        assert text.count(head) == text.count(metric) == 2
    assert text.count("| scored | 1 of 1 |") == 4
    assert text.count("| see_through.mask_dice ↓ |") == 1
    assert (tmp_path / "out" / "runs" / "tiny, first 1" / "parts-image" / "report.html").is_file()


def test_rows_of_papers_are_said_to_be_of_other_data(page):
    text = "\n".join(page["printed"]())
    assert "not to be set against" in text
    for table in PUBLISHED.values():
        assert table.data in text
        assert all(name in text for name in table.rows)
