import re

import pytest

from animelayers.parts import ALIASES, PAPER_PARTS, PARTS, RENDERING, Preset, canonical_name, display_name

ALL = [term.name for term in (*RENDERING, *PARTS)] + [
    f"{term.name}-{side}" for term in PARTS if term.sided for side in "lr"
]
STRATA = [f"{name}-{stratum}" for name in ALL[len(RENDERING) :] for stratum in (0, 12)]


def test_the_vocabularies_have_their_known_sizes():
    assert (len(PARTS), len(PAPER_PARTS), len(RENDERING)) == (23, 19, 4)


@pytest.mark.parametrize("preset", Preset)
def test_every_name_survives_a_preset_and_back(preset):
    names = [*ALL, *STRATA]
    shown = [display_name(name, preset) for name in names]
    assert len(set(shown)) == len(shown)
    assert [canonical_name(name) for name in shown] == names


@pytest.mark.parametrize("preset", Preset)
def test_names_hold_only_what_importers_take(preset):
    for name in (*ALL, *STRATA):
        assert re.fullmatch(r"[\w \-ぁ-んァ-ヶ一-龠々ー]+", display_name(name, preset))


def test_sides_and_old_names():
    assert display_name("irides-l", Preset.LIVE2D_JA) == "瞳_L"
    assert display_name("irides-l", Preset.EN) == "Eye_L_Iris"
    assert display_name("irides-l", Preset.SEE_THROUGH) == "irides-l"
    assert [canonical_name(old) for old in ALIASES] == list(ALIASES.values())


def test_strata_are_parts_alone():
    assert display_name("handwear-l-0", Preset.LIVE2D_JA) == "腕_L-0"
    assert display_name("back hair-1", Preset.EN) == "Hair_Back-1"
    assert canonical_name("hairb-1") == "back hair-1"
    for name in ("line-1", "線画-1", "layer-1", "-1", "eye-l-0"):
        assert canonical_name(name) == name
    assert display_name("line-1", Preset.LIVE2D_JA) == "line-1"


def test_names_outside_the_vocabulary_pass():
    assert display_name("third tail-l", Preset.EN) == "third tail-l"
    assert canonical_name("レイヤー 1") == "レイヤー 1"
