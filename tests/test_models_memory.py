"""The ladder of memory: what is counted for the published model, and which rung is taken."""

import json
import math

import pytest

from animelayers.errors import ModelError
from animelayers.models import memory
from animelayers.models.memory import GB, Estimate, activations, chosen, estimate, ladder

ATTENTION = ("to_q", "to_k", "to_v", "to_out.0", "add_q_proj", "add_k_proj", "add_v_proj", "to_add_out")
SIX, FIVE = 6 * 48 * 72, 5 * 48 * 72
"""Tokens at 768 × 1152 of the composite, four layers and the condition; without the composite."""


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The released transformer on the meta device, from its configuration alone."""
    pytest.importorskip("torch")
    pytest.importorskip("diffusers")
    from animelayers.models.qwen_layered import loading

    folder = tmp_path_factory.mktemp("base")
    (folder / "transformer").mkdir()
    config = {"_class_name": "QwenImageTransformer2DModel", "use_layer3d_rope": True, "use_additional_t_cond": True}
    (folder / "transformer" / "config.json").write_text(json.dumps(config))
    return loading.outline(folder)


def counted_for(published, rung, tokens, *, training=False, kept=None):
    from animelayers.models.qwen_layered import loading

    return estimate(
        memory.counted(published),
        activations(tokens, 3072, 60, training=training),
        rung,
        kept=loading.KEPT if kept is None else kept,
        adapter=loading.lora_size(published, ATTENTION, 32),
        vae=0 if training else 254_000_000,
        training=training,
    )


def near(gigabytes, rel=0.1):
    return pytest.approx(gigabytes * GB, rel=rel)


def test_the_published_model_is_counted_without_being_loaded(published):
    counted = memory.counted(published)
    assert published.device.type == "meta"
    assert sum(counted.values()) == 20_430_407_232
    assert sum(count for name, count in counted.items() if name.startswith("transformer_blocks.7.")) == near(
        0.33983, 1e-4
    )
    assert sum(count for name, count in counted.items() if "_mod." in name) == near(6.797, 1e-3)


def test_a_lora_of_all_attention_has_its_published_size(published):
    from animelayers.models.qwen_layered.loading import lora_size

    assert lora_size(published, ATTENTION, 32) == near(0.0944, 1e-3)
    assert lora_size(published, ATTENTION[:4], 32) == near(0.0472, 1e-3)


@pytest.mark.parametrize(("rung", "gigabytes"), [("float32", 81.7), ("bf16", 40.86), ("fp8", 20.5), ("nf4", 11.5)])
def test_weights_of_the_published_model(published, rung, gigabytes):
    assert counted_for(published, rung, SIX).weights == near(gigabytes)


def test_modulation_in_16_bits_doubles_weights_in_4(published):
    from animelayers.models.qwen_layered.loading import KEPT

    modulation = [f"transformer_blocks.{block}.{mod}" for block in range(60) for mod in ("img_mod", "txt_mod")]
    assert counted_for(published, "nf4", SIX, kept=(*KEPT, *modulation)).weights == near(21)


@pytest.mark.parametrize(("rung", "tokens", "gigabytes"), [("bf16", 6 * 4096, 45), ("fp8", SIX, 24), ("nf4", SIX, 15)])
def test_memory_of_a_picture(published, rung, tokens, gigabytes):
    assert counted_for(published, rung, tokens).total == near(gigabytes)


@pytest.mark.parametrize(
    ("rung", "tokens", "gigabytes"),
    [("bf16", SIX, 54), ("bf16", FIVE, 52), ("fp8", SIX, 34), ("fp8", FIVE, 32), ("nf4", SIX, 25), ("nf4", FIVE, 23)],
)
def test_memory_of_a_training(published, rung, tokens, gigabytes):
    found = counted_for(published, rung, tokens, training=True)
    assert found.total == near(gigabytes)
    assert found.adapter == near(1.5)


def test_offloading_holds_two_blocks_and_what_is_in_none(published):
    weights = counted_for(published, "offload", SIX).weights
    assert weights == pytest.approx(2 * 679.7e6 + 2 * 42.0e6, rel=0.05)
    parameters = {
        "in.weight": 5,
        "blocks.0.a.weight": 10,
        "blocks.0.b.bias": 1,
        "blocks.1.a.weight": 20,
        "blocks.10.a": 7,
    }
    assert estimate(parameters, 0, "offload").weights == 2 * (5 + 20 + 11)


def test_bytes_in_closed_form():
    parameters = {"a.weight": 6400, "a.bias": 10, "kept.0.weight": 100, "keptnot.weight": 640}
    nf4 = 7040 * (1 / 2 + 1 / 64 + 4 / 64 / 256) + 2 * 110
    assert estimate(parameters, 0, "nf4", kept=["kept.0"]).weights == pytest.approx(nf4, abs=1)
    assert estimate(parameters, 0, "fp8", kept=["kept.0"]).weights == 7040 + 2 * 110
    assert estimate(parameters, 7, "float32", adapter=3, vae=5) == Estimate("float32", 4 * 7150, 12, 14, 10)
    assert estimate(parameters, 7, "bf16", adapter=3, training=True).adapter == 3 * 16
    assert activations(100, 8, 3, batch=2, training=True) == 2 * 100 * 8 * 2 * (3 + memory.LIVE_TRAINING)


# --- the choice

ESTIMATES = [Estimate("bf16", 40, 1, 3, 0), Estimate("fp8", 20, 1, 3, 0), Estimate("nf4", 10, 1, 3, 0)]


@pytest.mark.parametrize(("free", "rung"), [(100, "bf16"), (47, "bf16"), (46, "fp8"), (26, "fp8"), (25, "nf4")])
def test_the_first_rung_that_fits_is_taken(free, rung):
    """44 · 1.06 = 46.64 and 24 · 1.06 = 25.44."""
    assert chosen("auto", ESTIMATES, free) == rung


def test_what_was_asked_for_is_taken_where_it_fits():
    assert chosen("nf4", ESTIMATES, 100) == "nf4"


def test_what_does_not_fit_is_told_with_what_does():
    large = [Estimate(each.rung, each.weights * GB, GB, 3 * GB, 0) for each in ESTIMATES]
    with pytest.raises(ModelError, match="bf16 does not fit") as caught:
        chosen("bf16", large, 30 * GB)
    assert caught.value.hint == "memory=fp8"
    rows = {row.split()[0]: row for row in str(caught.value).splitlines()[1:]}
    assert rows["bf16"].split() == ["bf16", "40.0", "1.0", "3.0", "0.0", "44.0"]
    assert rows["fp8"].split()[-2:] == ["24.0", "fits"]
    assert rows["free"].split() == ["free", "30.0"]
    assert (
        len({row.index(number) + len(number) for row, number in ((rows["bf16"], "44.0"), (rows["free"], "30.0"))}) == 1
    )


def test_nothing_that_fits_is_no_rung():
    with pytest.raises(ModelError, match="nothing fits") as caught:
        chosen("auto", ESTIMATES, 5)
    assert "smaller picture" in caught.value.hint
    with pytest.raises(ModelError, match="nf4 does not fit"):
        chosen("nf4", ESTIMATES, 5)


def test_a_rung_of_another_device_is_refused():
    with pytest.raises(ModelError, match="it has bf16, fp8, nf4"):
        chosen("offload", ESTIMATES, 100)


def test_a_cpu_has_whole_numbers_and_halves():
    assert ladder("cpu") == ("float32", "bf16")
    both = [Estimate("float32", 80, 0, 0, 0), Estimate("bf16", 40, 0, 0, 0)]
    assert chosen("auto", both, 100) == "float32"
    assert chosen("auto", both, 60) == "bf16"


def test_a_training_is_not_offloaded():
    assert "offload" in ladder("cuda")
    assert "offload" not in ladder("cuda", training=True)


def test_a_cpu_says_what_is_free():
    pytest.importorskip("psutil")
    free = memory.free_memory("cpu")
    assert math.log2(free) > 24
